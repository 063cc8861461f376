// A file of lines is read into the field beside it: what is sent is what can be seen.
document.addEventListener("change", async (event) => {
  const field = event.target;
  if (!field.dataset.into || !field.files?.length) return;
  document.getElementById(field.dataset.into).value = await field.files[0].text();
});
