// Explore's map: every analyzed sample as a point that opens it, drawn by Plotly, which comes late.
window.winnowMap = (() => {
  "use strict";
  const { el } = window.winnow;
  const { shapeOf, colourOf } = window.winnowMarks;
  const MANY = 3000; // up to here SVG is quick and sharper than WebGL
  const PLOTLY = new URL("plotly.min.js", document.currentScript.src).href;
  const touch = matchMedia("(pointer: coarse)");
  let plotly = null;

  // 5 MB that no other page needs.
  function loadPlotly() {
    plotly ??= new Promise((resolve, reject) => {
      const failed = () => {
        plotly = null;
        reject(new Error("The map cannot be drawn: its library did not load. Reload the page; the table below is complete."));
      };
      document.head.append(el("script", { src: PLOTLY, onload: () => resolve(window.Plotly), onerror: failed }));
    });
    return plotly;
  }

  // Plotly reads tags and entities in hover text, and cluster titles are words of samples.
  const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

  function traces(points, { by, places, describe, token }) {
    const groups = new Map([...places.keys()].map((value) => [value, { x: [], y: [], text: [], customdata: [] }]));
    points[by].forEach((value, index) => {
      const group = groups.get(value);
      group.x.push(points.x[index]);
      group.y.push(points.y[index]);
      group.text.push(describe(points.category[index], points.cluster[index]).map(plain).join("<br>"));
      group.customdata.push(points.id[index]);
    });
    const total = points.id.length;
    const size = total > 10_000 ? 4 : total > 1000 ? 6 : 8;
    return [...groups].map(([value, group]) => ({
      ...group,
      type: total > MANY ? "scattergl" : "scatter",
      mode: "markers",
      hoverinfo: "text",
      marker: {
        size, opacity: 0.9, symbol: shapeOf(places.get(value))[0], color: token(colourOf(places.get(value))),
        line: { width: total > MANY ? 0 : 0.5, color: token("--w-panel") },
      },
    }));
  }

  function layout({ filter, token }) {
    const axis = { visible: false, fixedrange: touch.matches };
    return {
      margin: { l: 4, r: 4, t: 4, b: 4 },
      xaxis: axis, yaxis: { ...axis },
      showlegend: false,
      hovermode: "closest",
      dragmode: touch.matches ? false : "zoom", // else a thumb on the map could not scroll the page
      uirevision: filter, // the part zoomed into stays until other points are shown
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: token("--w-font"), color: token("--w-text") },
      hoverlabel: {
        bgcolor: token("--w-panel"), bordercolor: token("--w-line"), align: "left",
        font: { family: token("--w-font"), color: token("--w-text"), size: 13 },
      },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: token("--w-muted"), activecolor: token("--w-text") },
    };
  }

  // `by` is "category" or "cluster", `places` the number of each group, `describe` the lines of a
  // point's label, `open` what a click does with its id.
  async function drawMap(node, points, options) {
    const Plotly = await loadPlotly();
    const style = getComputedStyle(document.body);
    const token = (name) => style.getPropertyValue(name).trim();
    const settings = { ...options, token };
    const fresh = !node.on;
    await Plotly.react(node, traces(points, settings), layout(settings), {
      displaylogo: false, modeBarButtons: [["zoomIn2d", "zoomOut2d", "resetScale2d"]],
    });
    for (const picture of node.querySelectorAll(".main-svg")) picture.setAttribute("aria-hidden", "true");
    if (!fresh) return;
    node.on("plotly_click", (event) => options.open(event.points[0].customdata));
    new ResizeObserver(() => { if (node.offsetWidth) Plotly.Plots.resize(node); }).observe(node);
  }

  return { drawMap };
})();
