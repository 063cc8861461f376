"""What hands on a keyboard do at the console."""

import socket
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.conftest import PASSWORD
from tests.stories.conftest import House

PATIENCE = 30_000  # milliseconds, on a busy machine
FARTHEST = 80  # presses of Tab to anything on a page


def sign_in(page: Page, login: str) -> None:
    """The cursor is already in the first field; words are put there in one go."""
    page.goto("/entra")
    page.keyboard.insert_text(login)
    page.keyboard.press("Tab")
    page.keyboard.insert_text(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()


@dataclass(frozen=True)
class Console:
    """One operator's screen, worked by keys alone."""

    page: Page

    def press(self, keys: str) -> None:
        self.page.keyboard.press(keys)

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)

    def tab_to(self, selector: str) -> Locator:
        """Walk with Tab until the focus is there: nothing on the page is out of reach."""
        target = self.page.locator(selector)
        expect(target).to_be_visible()
        for _ in range(FARTHEST):
            if target.evaluate("element => element === document.activeElement"):
                return target
            self.press("Tab")
        raise AssertionError(f"{selector} cannot be reached with Tab")

    def reads(self, words: str) -> Locator:
        """Wait until these words are on the screen."""
        found = self.page.get_by_text(words).first
        expect(found).to_be_visible(timeout=PATIENCE)
        return found

    def saved(self) -> None:
        expect(self.page.locator(".note-state")).to_have_text("salvato", timeout=PATIENCE)


def press_button(house: House, account: str, sequence: int, code: str = "1101") -> bytes:
    """A home unit calls for help: one DC-09 frame, and the answer to it."""
    body = f'"ADM-CID"{sequence:04d}L0#{account}[#{account}|{code} 00 001]'.encode()
    frame = b"\n" + f"{crc(body):04X}0{len(body):03X}".encode() + body + b"\r"
    with socket.create_connection(house.dc09, timeout=10) as line:
        line.sendall(frame)
        return line.recv(200)


def crc(body: bytes) -> int:
    """CRC-16/ARC, as DC-09 has it."""
    value = 0
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
