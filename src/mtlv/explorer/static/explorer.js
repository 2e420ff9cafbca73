/* Theme, tables, figures and live progress. All state stands in the address; nothing leaves the
   machine. Loaded in the head, so that the theme is set before anything is shown. */
"use strict";

const root = document.documentElement;
const wanted = () =>
  localStorage.getItem("mtlv-theme") ||
  (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
root.dataset.theme = wanted();

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  document.querySelectorAll(".grid").forEach(startGrid);
  startFigures();
  document.querySelectorAll("[data-live]").forEach(startLive);
  document.querySelectorAll("[data-copy]").forEach(startCopy);
});

function startTheme() {
  const button = document.getElementById("theme");
  const show = () => {
    const dark = root.dataset.theme === "dark";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${dark ? "light" : "dark"} theme`);
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("mtlv-theme", root.dataset.theme);
    show();
    document.querySelectorAll("figure[data-src]").forEach(draw);
  });
}

/* The state of a table stands in the address: sort=KEY:COLUMN:down and find=KEY:WORDS. */
function readState(name, key) {
  const found = new URLSearchParams(location.search).getAll(name);
  const own = found.filter((value) => value.startsWith(`${key}:`)).pop();
  return own === undefined ? null : own.slice(key.length + 1);
}

function writeState(name, key, value) {
  const query = new URLSearchParams(location.search);
  const others = query.getAll(name).filter((own) => !own.startsWith(`${key}:`));
  query.delete(name);
  others.forEach((own) => query.append(name, own));
  if (value !== null) query.append(name, `${key}:${value}`);
  const text = query.toString();
  history.replaceState(null, "", location.pathname + (text ? `?${text}` : "") + location.hash);
}

function startGrid(grid) {
  const key = grid.dataset.key;
  const body = grid.querySelector("tbody");
  const rows = [...body.rows];
  const heads = [...grid.querySelectorAll("thead th")];
  const titles = heads.map((head) => head.innerText.trim().toLowerCase());
  const filter = grid.querySelector("input[type=search]");
  const count = grid.querySelector("[role=status]");

  const sort = (column, down, write) => {
    const numeric = heads[column].classList.contains("number");
    const value = (row) => row.cells[column].dataset.value;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = numeric ? x - y : x.localeCompare(y, undefined, { numeric: true });
      return down ? -order : order;
    };
    rows.sort(compare).forEach((row) => body.append(row));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    if (write) writeState("sort", key, `${column}:${down ? "down" : "up"}`);
  };

  const apply = (text, write) => {
    const tests = text.toLowerCase().match(/"[^"]*"|\S+/g) || [];
    const holds = tests.map((word) => condition(word, titles));
    let shown = 0;
    rows.forEach((row) => {
      row.hidden = !holds.every((hold) => hold(row));
      shown += !row.hidden;
    });
    if (count) count.textContent = shown === rows.length ? "" : `${shown} of ${counted(rows.length, "row")}`;
    if (write) writeState("find", key, text || null);
  };

  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort");
      const first = head.classList.contains("number") ? "descending" : "ascending";
      sort(column, order ? order === "ascending" : first === "descending", true);
    });
  });
  const order = readState("sort", key);
  if (order !== null && heads[parseInt(order, 10)]) {
    sort(parseInt(order, 10), order.endsWith(":down"), false);
  }
  if (filter) {
    filter.value = readState("find", key) || "";
    filter.addEventListener("input", () => apply(filter.value, true));
    if (filter.value) apply(filter.value, false);
  }
}

/* A word of a filter: text that a row must hold, or a number that a column must pass. */
function condition(word, titles) {
  const plain = word.replaceAll('"', "");
  const found = plain.match(/^(.+?)(>=|<=|>|<|=)(-?[\d.]+)$/);
  const column = found ? titles.findIndex((title) => title.startsWith(found[1])) : -1;
  if (column < 0) return (row) => row.textContent.toLowerCase().includes(plain);
  const limit = parseFloat(found[3]);
  const holds = {
    ">": (x) => x > limit,
    "<": (x) => x < limit,
    ">=": (x) => x >= limit,
    "<=": (x) => x <= limit,
    "=": (x) => x === limit,
  }[found[2]];
  return (row) => {
    const value = row.cells[column].dataset.value;
    return value !== "" && holds(parseFloat(value));
  };
}

/* Figures are drawn when they come near the window; plotly.js is fetched with the first. */
let plotly = null;

function loadPlotly() {
  plotly = plotly || new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = document.body.dataset.plotly;
    script.onload = () => done(window.Plotly);
    script.onerror = failed;
    document.head.append(script);
  });
  return plotly;
}

function startFigures() {
  const figures = document.querySelectorAll("figure[data-src]");
  const near = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
      near.unobserve(entry.target);
      draw(entry.target);
    });
  }, { rootMargin: "400px" });
  figures.forEach((figure) => near.observe(figure));
}

async function draw(figure) {
  const plot = figure.querySelector(".plot");
  const address = new URL(figure.dataset.src, location.href);
  address.searchParams.set("theme", root.dataset.theme);
  try {
    const answer = await fetch(address);
    const found = await answer.json();
    if (!found.figure) return leaveOut(figure, found.missing || found.problem);
    const library = await loadPlotly();
    library.purge(plot); // react does not see that another template came
    plot.textContent = "";
    const { data, layout } = found.figure;
    figure.querySelector(".caption").textContent = found.caption;
    layout.autosize = true;
    delete layout.width;
    const config = {
      displaylogo: false,
      responsive: true,
      showSendToCloud: false,
      plotlyServerURL: "",
    };
    await library.newPlot(plot, data, layout, config);
    figure.dataset.state = "drawn";
  } catch (error) {
    plot.textContent = `The figure could not be drawn: ${error.message || error}`;
    figure.dataset.state = "failed";
  }
}

/* A figure that has nothing to draw is a line under the others, and no empty box. */
function leaveOut(figure, why) {
  const place = figure.parentElement;
  if (!place.nextElementSibling || !place.nextElementSibling.matches(".left-out")) {
    const list = document.createElement("ul");
    list.className = "left-out";
    place.after(list);
  }
  const title = figure.querySelector("figcaption span").textContent;
  const item = document.createElement("li");
  const words = [why.found || why.what, why.hint].filter(Boolean).join("; ");
  item.textContent = `${title}: ${words.replaceAll("`", "'")}`;
  place.nextElementSibling.append(item);
  figure.remove();
  window.dispatchEvent(new Event("resize")); // what stood beside it has more room
}

const counted = (number, noun) =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/* A running study's page moves: numbers every two seconds, the whole page when a run is done. */
function startLive(place) {
  const cells = place.dataset.cells;
  const ask = async () => {
    try {
      const answer = await fetch(place.dataset.live);
      const { progress, percent } = await answer.json();
      place.querySelector("progress").value = percent;
      place.querySelector(".told").textContent =
        `${progress.cells} of ${counted(progress.planned, "run")} finished, ` +
        `${progress.jobs} of ${counted(progress.known, "known job")}`;
      const busy = document.activeElement && document.activeElement.matches("input, select");
      const moved = String(progress.cells) !== cells || progress.status !== "running";
      if (moved && !busy) return location.reload();
    } catch {
      place.querySelector(".told").textContent = "the explorer does not answer";
    }
    setTimeout(ask, 2000);
  };
  setTimeout(ask, 2000);
}

function startCopy(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}
