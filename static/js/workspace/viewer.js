/*
 * Viewer: a picture of the conversation, large. Without script, or with a key held, the same link is a download.
 */

function show(link, image) {
  const viewer = document.getElementById("picture-viewer");
  const large = viewer.querySelector("img");
  large.src = image.currentSrc || image.src;
  large.alt = image.alt;
  const download = viewer.querySelector("a");
  download.href = link.href;
  viewer.showModal();
}

/** Starts listening. */
export function startViewer() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.attachment");
    const image = link?.querySelector(".attachment-picture");
    if (image && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      show(link, image);
    } else if (event.target.closest("#picture-viewer") && !event.target.closest("a, button")) {
      document.getElementById("picture-viewer").close();
    }
  });
}
