// A button that copies what stands in a field: `data-copies` names the field.

for (const button of document.querySelectorAll("button[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copies);
    const says = document.getElementById(`${field.id}-copied`);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      says.textContent = "Copied.";
    } catch {
      says.textContent = "It is selected: copy it with Ctrl and C.";
    }
  });
}
