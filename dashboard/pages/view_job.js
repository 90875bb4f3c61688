import { get, post } from './api.js';
import { askFor, change, tell } from './dialogs.js';
import { block, facts, h, link, outages, replace, say } from './dom.js';
import { flowBlock, hasEnded, isFlow, signal as giveEvent } from './flow.js';
import { ago, count, time } from './format.js';

const json = (value) => h('pre', { tabindex: '0' }, JSON.stringify(value, null, 2));
const yes = (value) => (value === null || value === undefined ? null : value ? 'yes' : 'no');

function hidden(about, document) {
  return !about.shows_args || document.args_hidden ? h('p', { class: 'soft' }, 'Hidden: the dashboard was not started with --show-args.') : null;
}

function story(lines) {
  const kind = (what) => (/fail|died|dead|crash/.test(what) ? 'bad' : /done|effect|result/.test(what) ? 'good' : '');
  return h('ol', { class: 'story' }, lines.map((line) => h('li', { class: kind(line.what) || null },
    h('div', {}, h('strong', {}, line.what), ' ', h('span', { class: 'soft small' }, time(line.at), ' (', ago(line.at), ')', line.worker ? ` on ${line.worker}` : '')),
    line.detail ? h('div', { class: 'mono' }, line.detail) : null,
    line.log?.length ? h('pre', { tabindex: '0' }, line.log.join('\n')) : null)));
}

export const view = {
  page: 'job', title: 'Job', inMenu: false, every: 3000,

  begin() {},

  async refresh(context) {
    const { root, parameters, signal, about, go } = context;
    const { id = '', queue, died_at_ms, after } = parameters;
    const asked = { id, queue, died_at_ms };
    const ofLetter = !/^[0-9a-f-]{36}$/i.test(id); // a handle, and no id of a job
    const [document, found] = await Promise.all([get('job', { ...asked, after }, signal), ofLetter ? null : get('flow', { id }, signal)]);
    const flow = found && isFlow(found) ? found : null;
    const fate = flow && document.fate === 'unknown' ? flow.state : document.state ?? document.fate;
    const letter = document.letter;
    const cancel = async () => {
      const note = await askFor({ title: 'Cancel this job?', label: 'Why (may stay empty)', action: 'Cancel the job', text: 'One that waits will not run; one that runs is asked to stop.' });
      if (note === null) return;
      try {
        const answer = await post('jobs/cancel', { id, note });
        say(answer.meaning);
        tell(answer.is_cancelled ? 'Cancelled' : 'Nothing to cancel', answer.meaning + '.');
        await context.again();
      } catch (error) { tell('It was not done', error.message); }
    };
    const retry = () => change(context, { title: 'Retry this job?', text: 'It goes back into its queue, at once, with its id and a new first attempt.', action: 'Retry' },
      'dead/retry', { ids: [id] }, (answer) => (answer.outcome.changed ? 'It is back in its queue' : answer.outcome.stay[0]?.obstacle ?? (answer.outcome.interrupted ? 'It was not found in time' : 'It was gone')));
    const forget = async () => {
      const answer = await change(context, { title: 'Delete this dead job for good?', text: 'Its arguments and errors are lost.', action: 'Delete', danger: true },
        'dead/delete', { ids: [id] }, (answer) => (answer.outcome.changed ? 'It is deleted' : answer.outcome.interrupted ? 'It was not found in time' : 'It was gone'));
      if (answer?.outcome.changed) go('dead');
    };
    const give = (event) => giveEvent(context, id, event);
    const title = document.task ?? letter?.task ?? flow?.task ?? 'Job';
    replace(root, outages(document),
      h('p', {}, h('strong', {}, title), ' ', h('span', { class: 'tag ' + ({ dead: 'bad', done: 'good', cancelled: 'warn' }[flow && document.fate === 'unknown' ? fate : document.fate] ?? '') }, fate), ' ', h('span', { class: 'mono' }, id)),
      document.fate === 'unknown' && !document.place_unsure && !flow ? h('p', { class: 'note' }, 'No server that answers knows of it now: never asked for, rolled back, or done so long ago that it is forgotten.',
        queue ? [' In Redis only queue ', queue, ' was looked through. ', link('job', { id }, 'Look through all')] : null) : null,
      document.place_unsure ? h('p', { class: 'note' }, 'Redis was looked through in part only: it holds more than a look may cost. ',
        document.next ? link('job', { ...asked, after: document.next }, 'Look on') : null) : null,
      after ? h('p', { class: 'soft' }, link('job', asked, 'Look from the beginning')) : null,
      document.obstacle ? h('p', { class: 'note' }, 'It cannot be retried: ', document.obstacle) : null,
      about.may_change ? h('div', { class: 'row' },
        document.fate === 'waiting' ? h('button', { type: 'button', class: 'danger', 'data-key': 'cancel', onclick: cancel }, 'Cancel') : null,
        flow && !hasEnded(flow) ? h('button', { type: 'button', 'data-key': 'signal', onclick: () => give('') }, 'Give an event') : null,
        document.fate === 'dead' ? [h('button', { type: 'button', class: 'strong', 'data-key': 'retry', onclick: retry }, 'Retry'),
          h('button', { type: 'button', class: 'danger', 'data-key': 'delete', onclick: forget }, 'Delete')] : null) : null,
      flow ? flowBlock(flow, { hidden: !about.shows_args || flow.args_hidden, give: about.may_change && !hasEnded(flow) ? give : null }) : null,
      letter ? block('Why it died', facts([
        ['cause', letter.cause], ['reason', letter.reason], ['died', [time(letter.died_at), ' (', ago(letter.died_at), ')']],
        ['by', letter.worker], ['kept in', letter.database ? `database ${letter.database}` : 'Redis']])) : null,
      block('What is known', facts([
        ['queue', document.queue ?? letter?.queue ? link('jobs', { queue: document.queue ?? letter.queue }, document.queue ?? letter.queue) : null],
        ['task', document.task ? link('jobs', { task: document.task }, document.task) : null],
        ['durable', yes(document.durable ?? letter?.durable)], ['database', document.database], ['priority', document.priority],
        ['attempt', document.attempt === null || document.attempt === undefined ? null : `${document.attempt}${document.max_retries === null ? '' : ` of ${document.max_retries + 1}`}`],
        ['crashes', document.crashes > 0 ? `${document.crashes}: a worker process died each time while it ran this job` : null],
        ['due', document.due_at ? [time(document.due_at), ' (', ago(document.due_at), ')'] : null],
        ['expires', document.expires_at ? time(document.expires_at) : null],
        ['runs on', document.worker ? [link('workers', {}, document.worker), document.running_since ? [' since ', ago(document.running_since)] : ''] : null],
        ['in Redis', yes(document.in_redis)],
        ['place in Redis', document.place ? `${document.place.part} in ${document.place.queue}${document.place.aside_for ? `, aside for ${document.place.aside_for}` : ''}` : null],
        ['asked for in transaction', document.asked_in_transaction], ['took effect in transaction', document.took_effect_in_transaction],
        ['trace', document.trace_id ?? letter?.trace_id], ['cancelled', document.cancelled ? `when ${document.cancelled}${document.note ? `: ${document.note}` : ''}` : null],
        ['unreadable', document.flaw],
        ['progress', document.progress ? [h('progress', { max: document.progress.total || null, value: document.progress.total ? document.progress.done : null, 'aria-label': 'Progress' }),
          ` ${count(document.progress.done)}${document.progress.total ? ` of ${count(document.progress.total)}` : ''} ${document.progress.note}`] : null],
        ['unique', document.unique?.length ? document.unique.map((mark) => h('div', {}, mark.waits ? 'waits for ' : 'holds its key', mark.other ? link('job', { id: mark.other }, mark.other) : '', `, until ${mark.until}`)) : null],
      ])),
      document.story?.length ? block('Story', story(document.story))
        : letter?.errors?.length ? block('Story', story(letter.errors.map((error) => ({ at: error.at, what: `attempt ${error.attempt} failed`, detail: error.error, worker: error.worker, log: error.log ? [error.log] : [] })))) : null,
      block('Arguments', hidden(about, document) ?? [json(document.args ?? letter?.args ?? letter?.received ?? null),
        Object.keys(document.headers ?? letter?.headers ?? {}).length ? [h('h3', {}, 'Headers'), json(document.headers ?? letter.headers)] : null,
        document.has_result ? [h('h3', {}, 'Result'), json(document.result)] : null]));
  },
};
