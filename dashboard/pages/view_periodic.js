import { get } from './api.js';
import { change, tell } from './dialogs.js';
import { h, link, replace, table } from './dom.js';
import { ago, count, none, shortId } from './format.js';

export const view = {
  page: 'periodic', title: 'Periodic tasks', inMenu: true, every: 10000,

  begin() {},

  async refresh(context) {
    const { root, signal, about } = context;
    const { periodic } = await get('periodic', {}, signal);
    const named = (row) => ({ name: row.name, app: row.app, database: row.database });
    const button = (row, label, question, path, done) => h('button', { type: 'button', 'data-key': `${path}-${row.database}-${row.app}-${row.name}`, 'aria-label': `${label} ${row.name}`,
      onclick: async () => {
        const answer = await change(context, { title: `${label} ${row.name}?`, text: question, action: label, danger: label === 'Forget' }, path, named(row), done);
        if (answer?.job) tell('A job was made', link('job', { id: answer.job }, answer.job));
        else if (answer && path === 'periodic/run') tell('It was asked for', 'No worker has made the job yet; one will.');
      } }, label);
    replace(root, table(`${count(periodic.length)} periodic tasks`, [
      { label: 'name', cell: (row) => [row.name, ' ', row.state === 'active' ? null : h('span', { class: 'tag warn' }, row.state)] },
      { label: 'schedule', cell: (row) => [h('code', {}, row.schedule), ' ', row.zone] },
      { label: 'task', cell: (row) => link('jobs', { task: row.task }, row.task) },
      { label: 'next', cell: (row) => (row.next_at ? ago(row.next_at) : none) },
      { label: 'last', cell: (row) => (row.last_tick ? ago(row.last_tick) : none) },
      { label: 'last job', cell: (row) => (row.last_job ? link('job', { id: row.last_job }, shortId(row.last_job)) : none) },
      { label: 'app', cell: (row) => `${row.app} (${row.database})` },
      { label: 'action', hidden: true, cell: (row) => (about.may_change ? h('div', { class: 'row' },
        row.state === 'gone' ? button(row, 'Forget', 'No worker declares it any more. It is removed from the list.', 'periodic/forget', () => `${row.name} is forgotten`)
          : [row.paused ? button(row, 'Resume', 'It goes on with the next tick to come.', 'periodic/resume', () => `${row.name} goes on`)
            : button(row, 'Pause', 'Its ticks are left out from now on.', 'periodic/pause', () => `${row.name} is paused`),
          button(row, 'Run now', 'One job of it is made now, beside its ticks.', 'periodic/run', () => `${row.name} was asked for`)]) : '') },
    ], periodic, 'No worker has declared a periodic task.'));
  },
};
