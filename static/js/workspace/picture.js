/*
 * Picture: what goes with a reply. Chosen with the button, pasted, or dropped on the conversation; looked at here before
 * anything is sent, and again by the server.
 */

const longestEdges = [2048, 1600, 1200];
const quality = 0.85;
const listeners = { chosen: () => {} };

function form() {
  return document.getElementById("composer-reply");
}

function field() {
  return form()?.elements.picture ?? null;
}

function part(name) {
  return form()?.querySelector(`[data-picture="${name}"]`);
}

function megabytes(size) {
  return `${Math.ceil(size / 100_000) / 10} MB`;
}

/** Why the channel would not take the file; empty if it would. */
function problemOf(file, input) {
  if (!input.accept.split(",").includes(file.type)) {
    return "Only JPG and PNG pictures can be sent. Save it as one of these, then choose it again.";
  }
  if (file.size > Number(input.dataset.limit)) {
    return `This picture is ${megabytes(file.size)}; ${input.dataset.channel} takes up to ${input.dataset.limitWords}.`;
  }
  return "";
}

function put(files) {
  const transfer = new DataTransfer();
  for (const file of files) {
    transfer.items.add(file);
  }
  field().files = transfer.files;
}

/** Shows what the field holds: the picture, or why it cannot go. */
function show({ refused = null, isNew = true } = {}) {
  const input = field();
  const [file] = input.files;
  const problem = refused ?? (file ? problemOf(file, input) : "");
  const isLarge = Boolean(file) && !refused && input.accept.split(",").includes(file.type) && problem !== "";
  part("problem").hidden = !problem;
  part("problem-text").textContent = problem;
  part("shrink").hidden = !isLarge;
  part("shrink").file = isLarge ? file : null;
  if (problem) {
    put([]);
  }
  const chosen = input.files[0];
  part("preview").hidden = !chosen;
  if (!chosen) {
    part("thumb").removeAttribute("src");
    form().elements.picture_description.value = "";
    return;
  }
  part("name").textContent = chosen.name;
  part("size").textContent = megabytes(chosen.size);
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    part("thumb").src = reader.result;
  });
  reader.readAsDataURL(chosen);
  if (isNew) {
    listeners.chosen(form());
  }
}

function choose(files) {
  const file = [...files].find((each) => each.type.startsWith("image/")) ?? files[0];
  put([file]);
  show();
}

/** A copy of the picture that is small enough, as a JPEG; null where the browser cannot make one. */
async function smaller(file, limit) {
  const bitmap = await createImageBitmap(file);
  for (const edge of longestEdges) {
    const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    const paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", quality);
    });
    if (blob && blob.size <= limit) {
      return new File([blob], file.name.replace(/\.\w+$/u, "") + ".jpg", { type: "image/jpeg" });
    }
  }
  return null;
}

async function shrink(button) {
  const { file } = button;
  button.disabled = true;
  const copy = await smaller(file, Number(field().dataset.limit)).catch(() => null);
  button.disabled = false;
  if (!field() || button !== part("shrink")) {
    return;
  }
  put(copy ? [copy] : []);
  show(copy ? {} : { refused: "This picture could not be made smaller. Choose another one." });
}

function onClick(event) {
  if (event.target.closest('[data-picture="remove"]')) {
    put([]);
    show();
    form().elements.text.focus();
  }
  const button = event.target.closest('[data-picture="shrink"]');
  if (button) {
    shrink(button);
  }
}

/** Text on the clipboard is what was meant, even if a picture of it lies beside it. */
function onPaste(event) {
  const files = event.clipboardData?.files ?? [];
  if (files.length && field() && event.target.closest?.("#composer-reply") && !event.clipboardData.types.includes("text/plain")) {
    event.preventDefault();
    choose(files);
  }
}

/** A file dropped beside its place would otherwise open in the page's stead. */
function onDrag(event) {
  if (!event.dataTransfer?.types.includes("Files")) {
    return;
  }
  event.preventDefault();
  const isOver = Boolean(field()) && event.type === "dragover" && Boolean(event.target.closest?.("#conversation"));
  event.dataTransfer.dropEffect = isOver ? "copy" : "none";
  form()?.classList.toggle("is-drop-target", isOver);
  if (event.type === "drop" && field() && event.target.closest?.("#conversation") && event.dataTransfer.files.length) {
    choose(event.dataTransfer.files);
  }
}

function onProgress(event) {
  const bar = part("progress");
  if (bar && event.target === form() && event.detail.lengthComputable && field()?.files.length) {
    bar.value = event.detail.loaded / event.detail.total;
  }
}

/** Whether a picture is chosen and not sent. */
export function hasPicture() {
  return Boolean(field()?.files.length);
}

/** What is chosen, to be put back into a composer that was drawn anew; null where nothing is. */
export function rememberPicture() {
  return hasPicture() ? { files: [...field().files], description: form().elements.picture_description.value } : null;
}

/** Puts back what `rememberPicture` gave. */
export function restorePicture(kept) {
  if (kept && field()) {
    put(kept.files);
    form().elements.picture_description.value = kept.description;
    show({ isNew: false });
  }
}

/** The listeners; `onChosen(form)` is called whenever a picture was chosen. */
export function startPicture({ onChosen }) {
  listeners.chosen = onChosen;
  document.addEventListener("change", (event) => event.target === field() && show());
  document.addEventListener("click", onClick);
  document.addEventListener("paste", onPaste);
  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, onDrag);
  }
  document.addEventListener("htmx:xhr:progress", onProgress);
}
