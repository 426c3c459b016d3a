
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const LARGEST = 2;

/* A line between two layers. It is moved by the pointer anywhere on the picture and by the keys. */
class Stage {
  constructor(element) {
    this.element = element;
    this.view = element.querySelector(".view");
    this.handle = element.querySelector(".handle");
    this.place = [0.5, 0.5];
    this.view.addEventListener("pointerdown", (event) => this.grab(event));
    this.view.addEventListener("pointermove", (event) => {
      if (this.view.hasPointerCapture(event.pointerId)) this.follow(event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.view.addEventListener(end, () => this.view.classList.remove("held"));
    }
    this.handle.addEventListener("keydown", (event) => this.press(event));
    this.handle.addEventListener("focus", () => { Stage.last = this; });
    this.resize(0);
    this.put(50);
  }
  grab(event) {
    if (event.button) return;
    const onHandle = this.handle.contains(event.target);
    if (event.pointerType === "touch" && this.element.classList.contains("zoomed") && !onHandle) return;
    Stage.last = this;
    this.view.setPointerCapture(event.pointerId);
    this.view.classList.add("held");
    this.handle.focus({ preventScroll: true });
    this.follow(event);
    event.preventDefault();
  }
  follow(event) {
    const box = this.view.getBoundingClientRect();
    this.put(((event.clientX - box.left) / box.width) * 100);
  }
  press(event) {
    const step = event.shiftKey ? 10 : 2;
    const moves = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
    if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
    this.put(this.at + moves[event.key]);
    event.preventDefault();
    event.stopPropagation();
  }
  put(percent) {
    this.at = Math.min(100, Math.max(0, percent));
    const said = Math.round(this.at);
    this.view.style.setProperty("--at", `${this.at}%`);
    this.handle.setAttribute("aria-valuenow", String(said));
    this.handle.setAttribute("aria-valuetext", `${said} % ${data.labels[0]}, ${100 - said} % ${data.labels[1]}`);
  }
  /* 0 fits the page; else every pixel of the video is so many of the screen, about the place. */
  resize(zoom) {
    const ratio = window.devicePixelRatio || 1;
    this.element.classList.toggle("zoomed", zoom > 0);
    this.view.style.aspectRatio = `${data.width * data.aspect} / ${data.height}`;
    const width = data.width * data.aspect;
    const pixels = `${(width * zoom) / ratio}px`;
    this.view.style.width = zoom ? pixels : "auto";
    /* What fits the page is no higher than the window, and no pixel is larger than two. */
    const fit = `min(82vh * ${width / data.height}, ${width * LARGEST}px)`;
    this.element.parentElement.style.setProperty("--widest", zoom ? pixels : fit);
    const [x, y] = this.place;
    this.element.scrollLeft = x * this.element.scrollWidth - this.element.clientWidth / 2;
    this.element.scrollTop = y * this.element.scrollHeight - this.element.clientHeight / 2;
  }
}

const pictures = new Stage(byId("frames-stage"));
Stage.last = pictures;

/* One of several buttons is pressed. */
function choose(buttons, chosen, act) {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen));
  act(chosen);
}
const moments = [...document.querySelectorAll("[data-moment]")];
for (const button of moments) {
  const number = button.dataset.moment;
  const pair = pictures.view.querySelector(`[data-pair="${number}"]`);
  button.querySelector("img").src = pair.querySelector(".under").src;
  button.addEventListener("click", () => choose(moments, button, () => {
    for (const other of pictures.view.querySelectorAll("[data-pair]")) other.hidden = other !== pair;
    pictures.place = data.places[number];
  }));
}
const zooms = [...document.querySelectorAll("[data-zoom]")];
for (const button of zooms) {
  button.addEventListener("click", () => choose(zooms, button, () => pictures.resize(Number(button.dataset.zoom))));
}
/* A picture that does not fit is opened at its pixels, with the line where it differs most. */
pictures.place = data.places[data.foremost];
if (data.width * data.aspect > pictures.element.clientWidth * (window.devicePixelRatio || 1)) {
  zooms.find((button) => button.dataset.zoom === "1").click();
  pictures.put(100 * pictures.place[0]);
}

/* Keys go to what has the focus, if that has a use for them. */
const isPlain = (event) => !event.altKey && !event.ctrlKey && !event.metaKey;
const ownerOf = (event) => event.target.closest ? event.target.closest("button, select, summary, a, input, .scroll") : null;
document.addEventListener("keydown", (event) => {
  if (!isPlain(event) || ownerOf(event)) return;
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") Stage.last.press(event);
});
