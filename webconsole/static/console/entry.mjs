// The way in: sound is turned on and tried before work begins.
import { test } from "./sound.mjs";
import { t } from "./words.mjs";

const said = document.getElementById("sound-said");
document.getElementById("try-sound").addEventListener("click", async () => {
  said.textContent = (await test("alarm"))
    ? t("You should have heard three rising tones: that is an alarm.")
    : t("The browser keeps silent. Allow sound for this page, then try again.");
});
