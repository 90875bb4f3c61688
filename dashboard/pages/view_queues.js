import { get } from './api.js';
import { change } from './dialogs.js';
import { h, link, outages, replace, table } from './dom.js';
import { ago, count, rate, sized, sizedWhy, span } from './format.js';

export const view = {
  page: 'queues', title: 'Queues', inMenu: true, every: 3000,

  begin() {},

  async refresh(context) {
    const { root, signal, about, parameters, go } = context;
    const document = await get('queues', {}, signal);
    const wanted = parameters.queue ?? '';
    const rows = document.queues.filter(({ queue }) => queue.includes(wanted));
    const shown = rows.slice(0, 500);
    const act = (row) => {
      if (!about.may_change) return '';
      const pause = !row.paused;
      return h('button', {
        type: 'button', 'data-key': 'pause-' + row.queue, 'aria-label': `${pause ? 'Pause' : 'Resume'} queue ${row.queue}`,
        onclick: () => change(context, {
          title: `${pause ? 'Pause' : 'Resume'} queue ${row.queue}?`,
          text: pause ? 'Workers fetch no more of its jobs, within their heartbeat. What runs goes on; new jobs wait.' : 'Workers fetch its jobs again, within their heartbeat.',
          action: pause ? 'Pause' : 'Resume',
        }, pause ? 'queues/pause' : 'queues/resume', { queue: row.queue }, () => `Queue ${row.queue} is ${pause ? 'paused' : 'resumed'}`),
      }, pause ? 'Pause' : 'Resume');
    };
    if (!root.querySelector('form')) {
      replace(root, h('form', { class: 'filter', role: 'search', onsubmit: (event) => { event.preventDefault(); go('queues', { queue: new FormData(event.target).get('queue') }); } },
        h('label', {}, 'Name contains', h('input', { name: 'queue', value: wanted, type: 'search', 'data-key': 'filter' })), h('button', { type: 'submit' }, 'Filter')), h('div', {}));
    }
    replace(root.lastElementChild, outages(document), table(
      `${count(rows.length)} queues${shown.length < rows.length ? ', of which the first 500 are shown: filter by name' : ''}`,
      [
        { label: 'queue', cell: (row) => [link('jobs', { queue: row.queue }, row.queue), ' ',
          row.paused ? h('span', { class: 'tag warn' }, 'paused ', row.paused_since ? ago(row.paused_since) : '') : null,
          row.workers === 0 && row.ready + row.delayed + row.running > 0 ? h('span', { class: 'tag bad' }, 'no worker') : null] },
        { label: 'ready', number: true, cell: (row) => count(row.ready) },
        { label: 'running', number: true, cell: (row) => count(row.running) },
        { label: 'delayed', number: true, cell: (row) => count(row.delayed) },
        { label: 'dead', number: true, cell: (row) => h('span', { title: sizedWhy(row.dead) }, link('dead', { queue: row.queue }, sized(row.dead))) },
        { label: 'died in 1 min', number: true, cell: (row) => (row.died_lately > 0 ? h('span', { class: 'tag bad' }, count(row.died_lately)) : '0') },
        { label: 'ended/s', number: true, cell: (row) => rate(row.rate) },
        { label: 'oldest', number: true, cell: (row) => span(row.oldest_ms) },
        { label: 'relay lag', number: true, cell: (row) => span(row.relay_lag_ms) },
        { label: 'workers', number: true, cell: (row) => count(row.workers) },
        { label: 'action', hidden: true, cell: act },
      ], shown, 'There is no such queue.'));
  },
};
