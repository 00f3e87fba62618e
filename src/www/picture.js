// picture - a chart and, always, its table
//
//     picture({title, what: "words for who does not see it",
//              flat: true,                // bars lie: for labels of words
//              labels: [...],
//              series: [{name, values, color: "--series-1", hatch: true}],
//              unit: "%",                 // after the values
//              links: (series, label) =>  // of a bar, by their indices: the
//                "#/domains",             // address of the rows behind it
//              bands: [true, ...],        // labels of which nothing is known
//              table: element,            // the same numbers
//              open: true})               // and shown at once
//
// The chart is Chart.js of the distribution; where that is not installed there
// is the table alone.  Colours are the style sheet's, so that a chart follows
// the theme, and what is bad is hatched, too: colour alone tells nobody.
import {freshId, h} from "./dom.js";
import {count} from "./format.js";

let loading = null;

function loadChart() {
  loading ??= new Promise((resolve) => {
    document.head.append(h("script", {src: "chart.js", on: {
      load: () => resolve(globalThis.Chart ?? null),
      error: () => resolve(null),
    }}));
  });
  return loading;
}

const colorOf = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hatched(color) {
  const tile = h("canvas", {width: "8", height: "8"});
  const pen = tile.getContext("2d");

  pen.fillStyle = color;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = colorOf("--surface");
  pen.lineWidth = 1.5;
  for (const x of [-4, 4]) {
    pen.moveTo(x, 8);
    pen.lineTo(x + 8, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function dataset({name, values, color, hatch}) {
  const plain = colorOf(color);

  return {
    label: name, data: values, maxBarThickness: 28, borderWidth: 1,
    borderColor: plain,
    backgroundColor: hatch ? hatched(plain) : plain,
  };
}

function axis(more) {
  const text = colorOf("--muted");

  return {
    stacked: true, beginAtZero: true,
    ticks: {color: text, precision: 0, maxRotation: 0, autoSkipPadding: 12},
    grid: {color: colorOf("--line"), borderColor: colorOf("--line")},
    ...more,
  };
}

// Behind the bars, where nothing was counted or kept.
const bandsOf = (bands) => ({
  id: "bands",
  beforeDatasetsDraw: ({ctx, chartArea, scales}) => {
    ctx.save();
    ctx.fillStyle = colorOf("--line");
    bands.forEach((is, i) => {
      const half = (scales.x.getPixelForValue(1)
        - scales.x.getPixelForValue(0) || chartArea.width) / 2;
      const x = scales.x.getPixelForValue(i);

      if (is)
        ctx.fillRect(x - half, chartArea.top, 2 * half, chartArea.height);
    });
    ctx.restore();
  },
});

function configOf({labels, series, flat, links, bands, unit = ""}) {
  const value = (n) => `${count(n)}${unit && ` ${unit}`}`;
  const names = axis({grid: {display: false,
    borderColor: colorOf("--line")}});
  const numbers = axis({});

  numbers.ticks.callback = value;
  if (flat)
    names.ticks.autoSkip = false;
  const linkOf = (bar) => bar && links?.(bar.datasetIndex, bar.index);

  return {
    type: "bar",
    data: {labels, datasets: series.map(dataset)},
    plugins: bands?.some(Boolean) ? [bandsOf(bands)] : [],
    options: {
      // the bar itself, although the tip tells all of a label
      onClick: (event, _, chart) => {
        const to = linkOf(chart.getElementsAtEventForMode(event, "nearest",
          {intersect: true}, false)[0]);
        if (to)
          location.hash = to;
      },
      onHover: (event, _, chart) => {
        const is = chart.getElementsAtEventForMode(event, "nearest",
          {intersect: true}, false).length > 0;
        chart.canvas.classList.toggle("link", Boolean(links) && is);
      },
      animation: false, responsive: true, maintainAspectRatio: false,
      indexAxis: flat ? "y" : "x",
      font: {family: "inherit"},
      scales: flat ? {x: numbers, y: names} : {x: names, y: numbers},
      interaction: {mode: "index", intersect: false,
        axis: flat ? "y" : "x"},
      plugins: {
        legend: {display: series.length > 1, position: "bottom",
          labels: {color: colorOf("--text"), boxWidth: 14}},
        tooltip: {animation: false, callbacks: {label: (item) =>
          ` ${item.dataset.label}: ${value(item.raw)}`}},
      },
    },
  };
}

async function draw(canvas, plot, spec, signal) {
  const Chart = await loadChart();
  const theme = matchMedia("(prefers-color-scheme: dark)");

  if (signal.aborted)
    return;
  if (!Chart) {
    plot.remove();
    return;
  }
  let chart = new Chart(canvas, configOf(spec));
  const again = () => {
    chart.destroy();
    chart = new Chart(canvas, configOf(spec));
  };

  theme.addEventListener("change", again, {signal});
  signal.addEventListener("abort", () => chart.destroy(), {once: true});
}

/** signal: aborted when the picture goes. */
export function picture(spec, signal) {
  const id = freshId("picture");
  const canvas = h("canvas", {role: "img", "aria-label":
    `${spec.title}: ${spec.what}. The table below has the numbers.`});
  const plot = h("div", {class: spec.flat ? "plot flat" : "plot"}, canvas);

  // laid out first: Chart.js measures the place that it gets
  requestAnimationFrame(() => draw(canvas, plot, spec, signal));
  return h("section", {class: "card picture", "aria-labelledby": id},
    h("h2", {id}, spec.title),
    spec.note && h("p", {class: "small muted"}, spec.note),
    spec.bands?.some(Boolean) && h("p", {class: "small muted"},
      "Grey: nothing was counted, or it is not kept."),
    plot,
    h("details", {open: spec.open}, h("summary", {}, "The numbers"), spec.table));
}

