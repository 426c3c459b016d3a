new Stage(byId("players-stage"));

/* Both videos at the same frame: the second follows the first one's clock. */
const first = byId("first-video");
const second = byId("second-video");
const seek = byId("seek");
const times = data.times;
const step = times.length > 1 ? (times[times.length - 1] - times[0]) / (times.length - 1) : 0.04;
const FAR_SECONDS = 0.25;
const NEAR_SECONDS = 0.004;
let speed = 1;

/* Browsers play from memory more surely than from a data: address, which some cannot search. */
for (const video of [first, second]) {
  const bytes = Uint8Array.from(atob(video.src.slice(video.src.indexOf(",") + 1)), (c) => c.charCodeAt(0));
  video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
}
function indexAt(seconds) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= seconds + 1e-4) low = middle; else high = middle - 1;
  }
  return low;
}
/* Into the middle of a frame, so that no rounding shows the one beside it. */
function show(index) {
  const at = Math.min(times.length - 1, Math.max(0, index));
  const next = at + 1 < times.length ? times[at + 1] : times[at] + step;
  first.currentTime = second.currentTime = (times[at] + next) / 2;
  tell(at);
}
function tell(index) {
  const end = times[times.length - 1] + step;
  const said = `${times[index].toFixed(3)} / ${end.toFixed(3)} s`;
  seek.value = String(index);
  seek.setAttribute("aria-valuetext", `frame ${index + 1} of ${times.length}, ${times[index].toFixed(3)} s`);
  byId("clock").textContent = said;
  for (const line of document.querySelectorAll(".now")) {
    const x = String((times[index] / data.end) * 1000);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  }
}
function setPlaying(playing) {
  byId("players").classList.toggle("playing", playing);
  byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
}
function pause() {
  first.pause();
  second.pause();
  setPlaying(false);
  second.playbackRate = speed;
  show(indexAt(first.currentTime));
}
async function play() {
  if (first.ended || indexAt(first.currentTime) >= times.length - 1) show(0);
  second.currentTime = first.currentTime;
  first.playbackRate = second.playbackRate = speed;
  setPlaying(true);
  await Promise.all([first.play(), second.play()]);
  requestAnimationFrame(keepTogether);
}
function toggle() {
  if (first.paused) play().catch(() => setPlaying(false)); else pause();
}
function keepTogether() {
  if (first.paused) return;
  const ahead = second.currentTime - first.currentTime;
  if (Math.abs(ahead) > FAR_SECONDS) second.currentTime = first.currentTime;
  const far = Math.abs(ahead) > NEAR_SECONDS;
  second.playbackRate = far ? speed * Math.min(1.5, Math.max(0.5, 1 - ahead * 3)) : speed;
  if (second.paused && !second.ended) second.play().catch(() => {});
  tell(indexAt(first.currentTime));
  requestAnimationFrame(keepTogether);
}
function move(frames) {
  if (!first.paused) pause();
  show(indexAt(first.currentTime) + frames);
}
first.addEventListener("ended", () => {
  show(0);
  play().catch(() => setPlaying(false));
});
seek.max = String(times.length - 1);
seek.addEventListener("input", () => {
  if (!first.paused) pause();
  show(Number(seek.value));
});
byId("play").addEventListener("click", toggle);
byId("back").addEventListener("click", () => move(-1));
byId("on").addEventListener("click", () => move(1));
byId("speed").addEventListener("change", (event) => {
  speed = Number(event.target.value);
  first.playbackRate = second.playbackRate = speed;
});
tell(0);
for (const video of [first, second]) {
  video.addEventListener("loadedmetadata", () => show(Number(seek.value)), { once: true });
}

document.addEventListener("keydown", (event) => {
  const own = ownerOf(event);
  if (!isPlain(event)) return;
  if (event.key === "," || event.key === ".") move(event.key === "," ? -1 : 1);
  else if (event.key === " " && (!own || own === seek)) toggle();
  else return;
  event.preventDefault();
});

/* Charts: the pointer reads a moment off, a click goes there. */
for (const chart of document.querySelectorAll(".chart")) {
  const plot = chart.querySelector("svg");
  const readout = chart.querySelector(".readout");
  const curves = data.curves[chart.dataset.chart];
  const nearest = (event) => {
    const box = plot.getBoundingClientRect();
    const seconds = ((event.clientX - box.left) / box.width) * data.end;
    let best = 0;
    data.points.forEach((point, index) => {
      if (Math.abs(point - seconds) < Math.abs(data.points[best] - seconds)) best = index;
    });
    return best;
  };
  const rest = readout.textContent;
  plot.addEventListener("pointermove", (event) => {
    const at = nearest(event);
    const values = curves.map((curve) => `${curve.label} ${curve.values[at]}`).join(", ");
    readout.textContent = `${data.points[at].toFixed(3)} s: ${values}`;
  });
  plot.addEventListener("pointerleave", () => { readout.textContent = rest; });
  plot.addEventListener("click", (event) => {
    if (!first.paused) pause();
    show(indexAt(data.points[nearest(event)]));
  });
}
