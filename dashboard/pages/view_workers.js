import { get } from './api.js';
import { h, link, outages, replace, table } from './dom.js';
import { ago, count, none, shortId } from './format.js';

export const view = {
  page: 'workers', title: 'Workers', inMenu: true, every: 5000,

  begin() {},

  async refresh({ root, signal, parameters }) {
    const document = await get('workers', { queue: parameters.queue }, signal);
    const shown = document.workers.slice(0, 300);
    const running = document.workers.reduce((sum, worker) => sum + (worker.running ?? 0), 0);
    const jobs = (worker) => {
      if (worker.running === null) return h('span', { class: 'soft' }, 'it does not say: an older release');
      if (worker.jobs.length === 0) return 'nothing';
      const line = (job) => h('li', {}, job.task, ' ', link('job', { id: job.id }, h('span', { class: 'mono' }, shortId(job.id))),
        job.since ? [' since ', ago(job.since)] : '', job.others > 0 ? ` and ${job.others} more in one batch` : '');
      const first = worker.jobs.slice(0, 5);
      const rest = worker.jobs.slice(5);
      return [h('ul', {}, first.map(line)), rest.length > 0 ? h('details', { 'data-opens': worker.id }, h('summary', { 'data-key': 'more-' + worker.id }, `${count(worker.running - first.length)} more`), h('ul', {}, rest.map(line))) : null];
    };
    replace(root, outages(document), table(
      `${count(document.workers.length)} workers, which run ${count(running)} jobs${shown.length < document.workers.length ? '; the first 300 are shown' : ''}`,
      [
        { label: 'worker', cell: (row) => [row.host ? `${row.host}, pid ${row.pid ?? '?'}` : row.id, ' ', row.silent ? h('span', { class: 'tag bad' }, 'silent: its jobs are taken over') : null] },
        { label: 'app', cell: (row) => [row.app ?? none, row.version ? ` (${row.version})` : ''] },
        { label: 'since', cell: (row) => ago(row.since) },
        { label: 'queues', cell: (row) => row.queues.map((queue, i) => [i > 0 ? ', ' : '', link('jobs', { queue }, queue)]) },
        { label: 'running', number: true, cell: (row) => (row.running === null ? '?' : `${count(row.running)} of ${count(row.concurrency)}`) },
        { label: 'heard of', cell: (row) => ago(row.told_at) },
        { label: 'jobs', alone: true, cell: jobs },
      ], shown, 'No worker holds a lease.'));
  },
};
