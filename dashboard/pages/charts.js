// Small charts of lines, drawn as SVG; read out by a cursor that the mouse, a finger or the arrow keys move.
import { h, s, replace } from './dom.js';

const height = 160;
const left = 56;
const bottom = 20;
const top = 8;

function ceiling(most) {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((value) => value >= most);
}

// Pieces between values that are not known.
function path(times, values, x, y) {
  let text = '';
  let pen = false;
  values.forEach((value, i) => {
    if (value === null || value === undefined) { pen = false; return; }
    text += (pen ? 'L' : 'M') + x(times[i]).toFixed(1) + ' ' + y(value).toFixed(1);
    if (!pen && (values[i + 1] === null || values[i + 1] === undefined)) text += 'h.01';
    pen = true;
  });
  return text;
}

// A chart that is drawn anew by draw({times, series: [{name, values}]}).
export function lineChart({ title, explain, format }) {
  let width = 600; // of the place it has, so that letters keep their form
  const svg = s('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', tabindex: '0' });
  const readout = h('output', { class: 'readout', 'aria-live': 'polite' });
  const legend = h('ul', { class: 'legend' });
  const rows = h('div', {});
  const figure = h('figure', { class: 'card' },
    h('figcaption', {}, h('h2', {}, title), h('span', { class: 'soft small' }, explain)),
    svg, readout, legend, h('details', {}, h('summary', { class: 'small soft' }, 'As a table'), rows));
  let data = { times: [], series: [] };
  let at = null; // the place of the cursor among the times

  const range = () => {
    const first = data.times[0] ?? 0;
    const last = data.times.at(-1) ?? 1;
    return [first, Math.max(last, first + 1)];
  };
  const x = (time) => {
    const [first, last] = range();
    return left + (time - first) / (last - first) * (width - left - 6);
  };

  function drawCursor() {
    svg.querySelector('.cursor')?.remove();
    if (at === null || data.times.length === 0) {
      readout.textContent = '';
      return;
    }
    const place = x(data.times[at]);
    svg.append(s('line', { class: 'cursor', x1: place, x2: place, y1: top, y2: height - bottom }));
    readout.textContent = new Date(data.times[at]).toLocaleTimeString() + ': '
      + data.series.map(({ name, values }) => `${name} ${values[at] === null || values[at] === undefined ? '?' : format(values[at])}`).join(', ');
  }

  function draw(next) {
    data = next;
    if (at !== null && at >= data.times.length) at = null;
    const most = ceiling(Math.max(0, ...data.series.flatMap(({ values }) => values.filter((value) => value !== null))));
    const y = (value) => height - bottom - value / most * (height - bottom - top);
    const halves = format(most / 2) === format(most) ? [0, 1] : [0, 0.5, 1]; // half a job is none
    const grid = halves.map((part) => [
      s('line', { class: 'grid', x1: left, x2: width, y1: y(part * most), y2: y(part * most) }),
      s('text', { x: left - 6, y: y(part * most) + 4, 'text-anchor': 'end' }, format(part * most))]);
    const [first, last] = range();
    const ends = data.times.length < 2 ? [] : [
      s('text', { x: left, y: height - 4 }, new Date(first).toLocaleTimeString()),
      s('text', { x: width - 4, y: height - 4, 'text-anchor': 'end' }, new Date(last).toLocaleTimeString())];
    svg.replaceChildren(...[grid, ends].flat(3),
      ...data.series.map(({ values }, i) => s('path', { class: 's' + i % 8, d: path(data.times, values, x, y) })));
    const now = data.series.map(({ name, values }) => {
      const value = values.at(-1);
      return `${name} ${value === null || value === undefined ? 'not known' : format(value)}`;
    });
    svg.setAttribute('aria-label', `${title}, ${explain}. Now: ${now.join(', ') || 'nothing yet'}. Arrow keys move the cursor.`);
    replace(legend, data.series.map(({ name }, i) => h('li', {},
      s('svg', { viewBox: '0 0 28 10', 'aria-hidden': 'true' }, s('line', { class: 's' + i % 8, x1: 0, x2: 28, y1: 5, y2: 5, 'stroke-width': 3 })), now[i])));
    if (figure.querySelector('details').open) drawTable();
    drawCursor();
  }

  function drawTable() {
    const step = Math.max(1, Math.ceil(data.times.length / 20));
    const picked = data.times.map((time, i) => i).filter((i) => (data.times.length - 1 - i) % step === 0).reverse();
    replace(rows, h('div', { class: 'table-wrap' }, h('table', {}, h('caption', {}, title + ', ' + explain),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'at'), data.series.map(({ name }) => h('th', { scope: 'col', class: 'number' }, name)))),
      h('tbody', {}, picked.map((i) => h('tr', {}, h('th', { scope: 'row' }, new Date(data.times[i]).toLocaleTimeString()),
        data.series.map(({ values }) => h('td', { class: 'number' }, values[i] === null || values[i] === undefined ? '?' : format(values[i])))))))));
  }

  const move = (event) => {
    if (data.times.length === 0) return;
    const box = svg.getBoundingClientRect();
    const place = (event.clientX - box.left) / box.width * width;
    at = data.times.reduce((best, time, i) => (Math.abs(x(time) - place) < Math.abs(x(data.times[best]) - place) ? i : best), 0);
    drawCursor();
  };
  svg.addEventListener('pointermove', move);
  svg.addEventListener('pointerdown', move);
  svg.addEventListener('pointerleave', () => { at = null; drawCursor(); });
  svg.addEventListener('keydown', (event) => {
    const last = data.times.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || last < 0) return;
    event.preventDefault();
    at = Math.min(last, Math.max(0, (at ?? last) + step));
    drawCursor();
  });
  new ResizeObserver(([{ contentRect }]) => {
    const wide = Math.max(200, Math.round(contentRect.width));
    if (contentRect.width === 0 || wide === width) return;
    width = wide;
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    draw(data);
  }).observe(svg);
  svg.addEventListener('blur', () => { at = null; drawCursor(); });
  figure.querySelector('details').addEventListener('toggle', drawTable);
  return { element: figure, draw };
}

// What the overview has seen: keeps what came before, and takes what is new.
export class Series {
  constructor(length) {
    this.length = length; // ms
    this.times = [];
    this.sum = {};
    this.queues = Object.create(null); // whatever queues are called
  }

  get since() { return this.times.at(-1); }

  add({ times, sum, queues }) {
    const before = this.times.length;
    const first = times.findIndex((time) => !(time <= this.since)); // two looks at once bring the same
    if (first < 0) return;
    const join = (old, more) => [...(old ?? Array(before).fill(null)), ...(more ?? Array(times.length).fill(null)).slice(first)];
    this.times = [...this.times, ...times.slice(first)];
    for (const figure of Object.keys(sum)) this.sum[figure] = join(this.sum[figure], sum[figure]);
    for (const name of new Set([...Object.keys(this.queues), ...Object.keys(queues)])) {
      this.queues[name] ??= {};
      for (const figure of Object.keys(sum)) {
        this.queues[name][figure] = join(this.queues[name][figure], queues[name]?.[figure]);
      }
    }
    const oldest = (this.times.at(-1) ?? 0) - this.length;
    let drop = 0;
    while (drop < this.times.length && this.times[drop] < oldest) drop += 1;
    if (drop === 0) return;
    this.times = this.times.slice(drop);
    const cut = (figures) => { for (const name of Object.keys(figures)) figures[name] = figures[name].slice(drop); };
    cut(this.sum);
    for (const name of Object.keys(this.queues)) {
      cut(this.queues[name]);
      if (Object.values(this.queues[name]).every((values) => values.every((value) => value === null))) delete this.queues[name];
    }
  }

  // The queues that have most of a figure, and of the others nothing: eight lines can be told apart.
  top(figure, count = 6) {
    const most = (values) => Math.max(0, ...values.filter((value) => value !== null));
    return Object.entries(this.queues).map(([name, figures]) => ({ name, values: figures[figure] }))
      .sort((one, other) => most(other.values) - most(one.values)).slice(0, count);
  }
}
