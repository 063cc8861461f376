// Whoever signs out leaves nothing that they typed to whoever sits here next; volumes and keys stay.
for (const form of document.querySelectorAll('form[action="/esci"]'))
  form.addEventListener("submit", () => sessionStorage.clear());
