"""The languages people speak, by their codes (ISO 639), in words."""

from dispatch.words import N_

LANGUAGES = {
    "it": N_("Italian"),
    "en": N_("English"),
    "fr": N_("French"),
    "es": N_("Spanish"),
    "ar": N_("Arabic"),
    "zh": N_("Chinese"),
    "uk": N_("Ukrainian"),
    "ro": N_("Romanian"),
    "sq": N_("Albanian"),
    "bn": N_("Bengali"),
    "si": N_("Sinhala"),
    "de": N_("German"),
    "hi": N_("Hindi"),
    "pa": N_("Punjabi"),
    "pl": N_("Polish"),
    "pt": N_("Portuguese"),
    "ru": N_("Russian"),
    "tl": N_("Tagalog"),
    "ur": N_("Urdu"),
    "ise": N_("Italian sign language"),
}
