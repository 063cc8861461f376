"""A browser in two words, such as "Firefox, Windows", from what it says of itself."""

# The first that is found is meant: Edge and Opera also say Chrome, Chrome also says Safari.
PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def named(user_agent: str) -> str:
    """Empty when it says nothing we know."""
    found = (
        next((word for sign, word in table if sign in user_agent), "")
        for table in (PROGRAMS, SYSTEMS)
    )
    return ", ".join(word for word in found if word)
