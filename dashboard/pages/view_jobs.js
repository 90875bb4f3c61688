import { get } from './api.js';
import { h, link, outages, replace, say, table } from './dom.js';
import { ago, count, none, shorten, shortId } from './format.js';

const states = ['', 'ready', 'running', 'delayed', 'retrying', 'aside', 'paused'];
const ages = [['', 'any'], ['60000', 'a minute'], ['600000', '10 minutes'], ['3600000', 'an hour'], ['86400000', 'a day'], ['604800000', 'a week']];
const isJobId = (text) => /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/.test(text);

// Of an address that somebody has written the value may be none of the choices.
export const select = (name, choices, value) => h('select', { name, 'data-key': name },
  [...choices, ...(choices.some(([code]) => code === (value ?? '')) ? [] : [[value, value]])]
    .map(([code, label]) => h('option', { value: code, selected: code === (value ?? '') }, label)));
export const text = (name, value, more = {}) => h('input', { name, value: value ?? '', type: 'search', 'data-key': name, ...more });

// The fields of a form that say something.
export function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) if (value.trim() !== '') fields[name] = value.trim();
  return fields;
}

export const argsOf = (args) => (args === undefined ? null : h('code', {}, shorten(JSON.stringify(args), 160)));
const stateTag = (row) => h('span', { class: 'tag ' + ({ running: 'good', retrying: 'warn', aside: 'warn', paused: 'warn' }[row.state] ?? '') }, row.state);

export const view = {
  page: 'jobs', title: 'Jobs', inMenu: true, every: 5000,

  begin({ root, parameters, about, go }) {
    const form = h('form', { class: 'filter', role: 'search', 'aria-label': 'Jobs', onsubmit: (event) => {
      event.preventDefault();
      const fields = fieldsOf(form);
      if (isJobId(fields.id ?? '')) go('job', { id: fields.id });
      else { delete fields.id; go('jobs', fields); }
    } },
      h('label', {}, 'Id', text('id', parameters.id, { placeholder: '01890a5d-ac96-…', pattern: '[0-9a-fA-F\\-]{36}', title: 'the whole id of a job' })),
      h('label', {}, 'State', select('state', states.map((state) => [state, state || 'any']), parameters.state)),
      h('label', {}, 'Queue', text('queue', parameters.queue)),
      h('label', {}, 'Task', text('task', parameters.task)),
      about.searches_args ? h('label', {}, 'Argument contains', text('argument', parameters.argument)) : null,
      h('label', {}, 'Error contains', text('error', parameters.error)),
      h('label', {}, 'Older than', select('older_ms', ages, parameters.older_ms)),
      h('label', {}, 'Younger than', select('newer_ms', ages, parameters.newer_ms)),
      h('label', {}, 'Order', select('order', [['', 'newest first'], ['oldest', 'oldest first']], parameters.order)),
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'strong' }, 'Search'), link('jobs', {}, 'Clear')));
    replace(root, form, h('div', {}));
  },

  async refresh({ root, parameters, signal, about }) {
    const { id, ...asked } = parameters;
    const document = await get('jobs', asked, signal);
    const rows = document.jobs;
    const columns = [
      { label: 'job', cell: (row) => (row.id ? h('span', { class: 'id' }, link('job', { id: row.id, queue: row.database ? '' : row.queue }, h('span', { class: 'mono' }, shortId(row.id)))) : h('span', { title: row.flaw ?? '' }, 'unreadable')) },
      { label: 'state', cell: (row) => [stateTag(row), row.aside_for ? ` ${row.aside_for}` : '', row.in_redis === false ? ' not in Redis yet' : ''] },
      { label: 'task', cell: (row) => (row.task ? link('jobs', { ...asked, after: '', task: row.task }, row.task) : none) },
      { label: 'queue', cell: (row) => link('jobs', { ...asked, after: '', queue: row.queue }, row.queue) },
      ...(about.shows_args ? [{ label: 'arguments', alone: true, cell: (row) => argsOf(row.args) }] : []),
      { label: 'attempt', number: true, cell: (row) => [row.attempt ?? none, row.crashes > 0 ? h('span', { class: 'tag bad' }, `${row.crashes} crashes`) : null] },
      { label: 'asked for', cell: (row) => ago(row.enqueued_at) },
      { label: 'due', cell: (row) => (row.state === 'running' ? ['since ', ago(row.running_since)] : row.due_at ? ago(row.due_at) : none) },
      { label: 'last error', alone: true, cell: (row) => (row.last_error ? shorten(row.last_error, 120) : none) },
    ];
    const caption = `${count(rows.length)} jobs on this page; ${count(document.looked_at)} looked at${document.cut_off ? ', and there are more to look at' : ''}`;
    replace(root.lastElementChild, outages(document),
      table(caption, columns, rows, document.next ? 'None was found in what was looked at; there is more.' : 'No job passes the filter.'),
      h('div', { class: 'row' },
        parameters.after ? link('jobs', { ...asked, after: '' }, 'First page') : null,
        document.next ? link('jobs', { ...asked, after: document.next }, document.cut_off ? 'Look on' : 'Next page') : null,
        h('span', { class: 'soft small' }, 'Dead jobs have a ', link('dead', {}, 'page of their own'), '. What is done leaves no row: its id still tells its story.')));
    if (root.dataset.said !== caption && parameters.after === undefined) { root.dataset.said = caption; say(caption); }
  },
};
