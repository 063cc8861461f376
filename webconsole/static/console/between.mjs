// A page put in between (a problem, a locked screen): what was sent has not arrived, its draft stays.
sessionStorage.removeItem("draft-sent");

const back = document.querySelector("[data-back]");
if (back && history.length > 1) {
  back.hidden = false;
  back.addEventListener("click", () => history.back());
}
