import { get, post } from './api.js';
import { ask, tell } from './dialogs.js';
import { h, link, outages, replace, say, table } from './dom.js';
import { ago, count, none, shorten, shortId } from './format.js';
import { fieldsOf, select, text } from './view_jobs.js';

const ages = [['', 'any'], ['600000', '10 minutes'], ['3600000', 'an hour'], ['86400000', 'a day'], ['604800000', 'a week'], ['2592000000', '30 days']];
const filterOf = ({ after, limit, ...filter }) => filter;
const pause = (ms, signal) => new Promise((resolve) => { const timer = setTimeout(resolve, ms); signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }); });

let picked = new Set();
let bar = null;

// Follows a change that goes on beside the requests.
async function follow(context, id, words) {
  for (;;) {
    const { acts: [act] } = await get('act', { id }, context.signal);
    replace(bar, h('section', { class: 'block', 'aria-label': 'At work' },
      h('p', {}, `${words}: ${count(act.done)} of about ${count(act.of)}. It goes on if you leave this page.`),
      h('progress', { max: Math.max(act.of, 1), value: Math.min(act.done, act.of), 'aria-label': words })));
    if (act.state === 'done' || act.state === 'failed') return act;
    do await pause(700, context.signal); while (document.hidden && !context.signal.aborted);
  }
}

function outcome(words, { changed, stays = 0, stay = [], missing = [], all_seen = true, left_to_relay = 0, interrupted = false }) {
  const lines = [`${words} ${count(changed)}.`];
  if (left_to_relay > 0) lines.push(`${count(left_to_relay)} of them stand in the job table until a relay brings them to Redis.`);
  if (stays > 0) lines.push(`${count(stays)} stay as they are: ${stay[0].obstacle}.`);
  if (interrupted) lines.push('It took too long and was broken off: what was not reached stays as it is.');
  else if (missing.length > 0) lines.push(`${count(missing.length)} were gone.`);
  if (!all_seen) lines.push('Not all servers answered: what they keep was left as it is.');
  return lines;
}

async function act(context, kind, ids) {
  const retry = kind === 'retry';
  const words = retry ? 'Retried' : 'Deleted';
  const what = retry ? 'They go back into their queues, at once, with their ids and a new first attempt.' : 'Their arguments and errors are lost for good.';
  try {
    if (ids !== null) {
      if (!await ask({ title: `${retry ? 'Retry' : 'Delete'} ${count(ids.length)} dead ${ids.length === 1 ? 'job' : 'jobs'}?`, text: what, action: retry ? 'Retry' : 'Delete', danger: !retry })) return;
      const answer = await post(`dead/${kind}`, { ids });
      picked = new Set();
      const lines = outcome(words, answer.outcome);
      say(lines.join(' '));
      if (lines.length > 1) tell(words, lines);
    } else {
      const filter = filterOf(context.parameters);
      say('Counting…');
      const counted = await get('dead/count', filter, context.signal);
      const number = (counted.at_least ? 'at least ' : '') + count(counted.count);
      const all = Object.keys(filter).length === 0;
      if (counted.count === 0 && !counted.at_least) return tell('None', 'No dead job passes the filter.');
      if (!await ask({
        title: `${retry ? 'Retry' : 'Delete'} ${number} dead jobs?`,
        text: [all ? 'These are all dead jobs: no filter is set.' : 'These are all that the filter lets through, on this page or not: ' + Object.entries(filter).map(([name, value]) => `${name} = ${value}`).join(', ') + '.',
          what, counted.at_least ? 'Counting took too long; there may be more.' : 'Jobs that die from now on are none of them.'],
        action: `${retry ? 'Retry' : 'Delete'} ${number}`, danger: !retry, typed: !retry || counted.count > 100 ? String(counted.count) : null,
      })) return;
      const answer = await post(`dead/${kind}`, { filter: { ...filter, before_ms: counted.before_ms }, of: counted.count });
      say('It is at work');
      const done = await follow(context, answer.act, words);
      replace(bar);
      tell(done.error ? 'It broke off' : words, done.error ?? outcome(words, done.outcome));
    }
    await context.again();
  } catch (error) {
    if (error.name !== 'AbortError') tell('It was not done', error.message);
  }
}

export const view = {
  page: 'dead', title: 'Dead jobs', inMenu: true, every: 10000,

  begin(context) {
    const { root, parameters, about, go } = context;
    picked = new Set();
    bar = h('div', {});
    const form = h('form', { class: 'filter', role: 'search', 'aria-label': 'Dead jobs', onsubmit: (event) => { event.preventDefault(); go('dead', fieldsOf(form)); } },
      h('label', {}, 'Queue', text('queue', parameters.queue)),
      h('label', {}, 'Task', text('task', parameters.task)),
      about.searches_args ? h('label', {}, 'Argument contains', text('argument', parameters.argument)) : null,
      h('label', {}, 'Error contains', text('error', parameters.error)),
      h('label', {}, 'Died longer ago than', select('older_ms', ages, parameters.older_ms)),
      h('label', {}, 'Died within the last', select('newer_ms', ages, parameters.newer_ms)),
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'strong' }, 'Search'), link('dead', {}, 'Clear')));
    const few = () => [...picked];
    const buttons = about.may_change ? h('div', { class: 'row', role: 'group', 'aria-label': 'Change' },
      h('button', { type: 'button', onclick: () => (picked.size ? act(context, 'retry', few()) : tell('None is picked', 'Pick some in the list.')) }, 'Retry picked'),
      h('button', { type: 'button', class: 'danger', onclick: () => (picked.size ? act(context, 'delete', few()) : tell('None is picked', 'Pick some in the list.')) }, 'Delete picked'),
      h('button', { type: 'button', onclick: () => act(context, 'retry', null) }, 'Retry all that match'),
      h('button', { type: 'button', class: 'danger', onclick: () => act(context, 'delete', null) }, 'Delete all that match')) : null;
    replace(root, form, buttons, bar, h('div', {}));
  },

  async refresh(context) {
    const { root, parameters, signal, about } = context;
    const document = await get('dead', parameters, signal);
    const rows = document.dead;
    picked = new Set([...picked].filter((id) => rows.some((row) => row.id === id)));
    const pick = (row) => h('input', { type: 'checkbox', 'data-key': 'pick-' + row.id, checked: picked.has(row.id), 'aria-label': `Pick ${row.task ?? 'job'} ${row.id}`,
      onchange: (event) => { if (event.target.checked) picked.add(row.id); else picked.delete(row.id); } });
    const columns = [
      ...(about.may_change ? [{ label: 'pick', hidden: true, cell: pick }] : []),
      { label: 'job', cell: (row) => h('span', { class: 'id' }, link('job', { id: row.id, ...(row.database ? {} : { queue: row.queue, died_at_ms: Date.parse(row.died_at) }) }, h('span', { class: 'mono' }, shortId(row.id)))) },
      { label: 'task', cell: (row) => (row.task ? link('dead', { ...filterOf(parameters), task: row.task }, row.task) : none) },
      { label: 'queue', cell: (row) => link('dead', { ...filterOf(parameters), queue: row.queue }, row.queue) },
      { label: 'died', cell: (row) => ago(row.died_at) },
      { label: 'cause', cell: (row) => h('span', { class: 'tag ' + (row.cause === 'crashed' ? 'bad' : '') }, row.cause.replaceAll('_', ' ')) },
      { label: 'attempts', number: true, cell: (row) => row.attempts ?? none },
      { label: 'reason', alone: true, cell: (row) => shorten(row.reason, 200) },
    ];
    replace(root.lastElementChild, outages(document),
      table(`${count(rows.length)} dead jobs on this page, the newest first; ${count(document.looked_at)} looked at${document.cut_off ? ', and there are more to look at' : ''}`, columns, rows,
        document.next ? 'None was found in what was looked at; there is more.' : 'No dead job passes the filter.'),
      h('div', { class: 'row' },
        parameters.after ? link('dead', filterOf(parameters), 'First page') : null,
        document.next ? link('dead', { ...parameters, after: document.next }, document.cut_off ? 'Look on' : 'Next page') : null));
  },
};
