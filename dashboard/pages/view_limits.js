import { get, post } from './api.js';
import { askFor, change, tell } from './dialogs.js';
import { h, replace, say, table } from './dom.js';
import { ago, count, none, span } from './format.js';

const words = (row, most) => (row.kind === 'rate' ? `${count(most)} in ${span(row.per_ms)}` : `${count(most)} at once`);

export const view = {
  page: 'limits', title: 'Limits', inMenu: true, every: 10000,

  begin() {},

  async refresh(context) {
    const { root, signal, about } = context;
    const { limits } = await get('limits', {}, signal);
    const set = async (row) => {
      const given = await askFor({ title: `Change limit ${row.name}`, label: 'At most (0 to 10000; with 0 none of its jobs begins)', value: row.most, type: 'number', required: true, min: 0, max: 10000, step: 1, action: 'Change' });
      if (given === null) return;
      try {
        await post('limits/set', { name: row.name, most: Number(given) });
        say(`Limit ${row.name} is ${given}`);
        await context.again();
      } catch (error) {
        tell('It was not done', error.message);
      }
    };
    replace(root, table(`${limits.length} limits`, [
      { label: 'name', cell: (row) => row.name },
      { label: 'at most', cell: (row) => words(row, row.most) },
      { label: 'for', cell: (row) => (row.per_key ? 'each key' : 'all') },
      { label: 'declared', cell: (row) => words(row, row.declared) },
      { label: 'changed', cell: (row) => (row.changed_at ? ago(row.changed_at) : none) },
      { label: 'database', cell: (row) => row.database },
      { label: 'action', hidden: true, cell: (row) => (about.may_change ? h('div', { class: 'row' },
        h('button', { type: 'button', 'data-key': 'set-' + row.database + row.name, 'aria-label': `Change limit ${row.name}`, onclick: () => set(row) }, 'Change'),
        row.changed_at ? h('button', { type: 'button', 'data-key': 'reset-' + row.database + row.name, 'aria-label': `Reset limit ${row.name}`, onclick: () => change(context,
          { title: `Reset limit ${row.name}?`, text: `It becomes what is declared: ${words(row, row.declared)}.`, action: 'Reset' },
          'limits/set', { name: row.name, most: null }, () => `Limit ${row.name} is as declared`) }, 'Reset') : null) : '') },
    ], limits, 'No worker has declared a limit.'));
  },
};
