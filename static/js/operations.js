/*
 * Operations: forms that are sent once however often they are pressed, and a box that ticks a whole page. The server
 * judges both again, so that nothing hangs on this file.
 */

/** A form that is on its way takes no second press. Coming back to the page by the browser's arrow frees it again. */
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  });
}

function choosePages(form) {
  const every = form.querySelector("[data-choose-all]");
  if (!every) {
    return;
  }
  const boxes = [...form.querySelectorAll('input[name="event"]')];
  every.closest("[data-all]").hidden = false;
  every.addEventListener("change", () => {
    for (const box of boxes) {
      box.checked = every.checked;
    }
  });
  form.addEventListener("change", () => {
    const chosen = boxes.filter((box) => box.checked).length;
    every.checked = chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
  });
}

for (const form of document.querySelectorAll("form[data-once]")) {
  sendOnce(form);
}
for (const form of document.querySelectorAll("form[data-choose]")) {
  choosePages(form);
}
