// A page put in between (a problem, the locked screen, the way in): what was sent has not arrived,
// so its draft stays, and one press leads back to it.
sessionStorage.removeItem("draft-sent");

const back = document.querySelector("[data-back]");
if (back && history.length > 1) {
  back.hidden = false;
  back.addEventListener("click", () => history.back());
}
