// The one button of the public sheets.
document.getElementById("print")?.addEventListener("click", () => window.print());
