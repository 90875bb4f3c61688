// Elements, made of texts alone: nothing that came from a server is ever read as markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(4)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

// An address of a page of ours, relative to the folder that all of them are in.
export function address(page, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return (page === '' ? './' : page) + (text === '' ? '' : '?' + text);
}

export const link = (page, parameters, ...children) => h('a', { href: address(page, parameters) }, ...children);

// Speaks to who cannot see the page.
export function say(text) {
  const place = byId('said');
  place.textContent = '';
  setTimeout(() => { place.textContent = text; }, 50);
}

// columns: [{label, number, cell(row), alone}].  On a narrow screen each row is a card; the roles keep it a table for those
// who hear it.
export function table(caption, columns, rows, empty) {
  if (rows.length === 0) return h('p', { class: 'soft' }, empty);
  return h('div', { class: 'table-wrap' },
    h('table', { class: 'cards-when-narrow', role: 'table' },
      h('caption', {}, caption),
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((column) =>
        h('th', { role: 'columnheader', scope: 'col', class: column.number ? 'number' : null },
          column.hidden ? h('span', { class: 'unseen' }, column.label) : column.label)))),
      h('tbody', { role: 'rowgroup' }, rows.map((row) => h('tr', { role: 'row' }, columns.map((column) =>
        h('td', {
          role: 'cell', 'data-label': column.hidden ? '' : column.label,
          class: [column.number ? 'number' : '', column.alone ? 'alone' : ''].join(' ').trim() || null,
        }, column.cell(row))))))));
}

export const facts = (pairs) => h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined)
  .map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));

export const block = (title, ...children) => {
  const id = 'block-' + title.toLowerCase().replace(/[^a-z]+/g, '-');
  return h('section', { class: 'block', 'aria-labelledby': id }, h('h2', { id }, title), children);
};

// What can have the focus is found again by its key; a link without one by where it leads and what it says.
const focusable = 'a[href], button, input, select, summary, [tabindex]';
const keyOf = (element) => element.getAttribute('data-key') ?? [element.tagName, element.getAttribute('href'), element.textContent].join(' ');

// Replaces the content of a place without losing the focus of who uses the keyboard, nor closing what was opened in it.  What
// looks the same stays as it is, with what is selected in it.
export function replace(place, ...children) {
  const next = children.flat(4).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
  const opened = new Set([...place.querySelectorAll('details[open]')].map((element) => element.getAttribute('data-opens')));
  for (const child of next) {
    for (const element of child.querySelectorAll?.('details[data-opens]') ?? []) element.open = opened.has(element.getAttribute('data-opens'));
  }
  if (next.length === place.childNodes.length && next.every((child, i) => child.isEqualNode(place.childNodes[i]))) return;
  const focused = document.activeElement;
  const had = place !== focused && place.contains(focused) ? keyOf(focused) : null;
  const alike = () => [...place.querySelectorAll(focusable)].filter((element) => keyOf(element) === had);
  const which = had === null ? 0 : alike().indexOf(focused); // of those that are called the same
  place.replaceChildren(...next);
  if (had === null || place.contains(document.activeElement)) return;
  const now = alike();
  now[Math.min(Math.max(which, 0), now.length - 1)]?.focus({ preventScroll: true });
}

// Of a document of the API: which servers have not answered.
export function outages(document) {
  const lines = [];
  if (document.trouble) lines.push(document.trouble);
  for (const outage of document.outages ?? []) lines.push(`${outage.server}: ${outage.error}`);
  if (lines.length === 0 && document.redis_answers === false) lines.push('Redis does not answer: what it holds is not shown.');
  if (lines.length === 0 && document.databases_answer === false) {
    lines.push('Not all databases answer (' + (document.databases_away ?? []).join(', ') + '): what they hold is not shown.');
  }
  return lines.length === 0 ? null : h('div', { class: 'trouble', role: 'alert' }, lines.map((line) => h('p', {}, line)));
}
