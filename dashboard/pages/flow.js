// The part of a job's page that tells of its flow: what it has done, what it waits for, and the events that it can be given.
import { post } from './api.js';
import { askForAll, tell } from './dialogs.js';
import { block, facts, h, link, say, table } from './dom.js';
import { ago, count, none, span, time } from './format.js';

const words = { step: 'step', external: 'call', sleep: 'sleep', event: 'event', version: 'version', children: 'jobs', pages: 'pages', failure: 'failure', undo: 'undo' };

// Only of flows that have begun, or were given something: of another job nobody can tell whether it is one.
export const isFlow = (flow) => flow.began_at !== null || flow.steps.length > 0 || flow.events.length > 0;
export const hasEnded = (flow) => ['done', 'cancelled', 'gone'].includes(flow.state);

export async function signal(context, id, event) {
  const given = await askForAll({
    title: 'Give the flow an event', action: 'Give it',
    text: 'The first event of a name holds. It may come before the flow waits for it.',
    fields: [{ name: 'event', label: 'Name of the event', value: event, required: true }, { name: 'value', label: 'Value, as JSON', value: 'null', required: true }],
  });
  if (given === null) return;
  let value;
  try {
    value = JSON.parse(given.value);
  } catch {
    tell('It was not done', `What stands there is no JSON: ${given.value}. A text stands in quotes, "by Ada"; no value at all is null.`);
    return;
  }
  try {
    const answer = await post('flows/signal', { id, event: given.event, value });
    say(answer.meaning);
    tell(answer.answer === 'given' ? 'Given' : 'Not given', answer.meaning + '.');
    await context.again();
  } catch (error) { tell('It was not done', error.message); }
}

function outcome(step) {
  if (step.kind === 'children' && !step.done_at) return 'waits for its jobs';
  if (step.kind === 'external' && !step.done_at) return 'calls, or is about to';
  if (step.kind === 'pages' && !step.done_at) return `${count(step.count)} done so far`;
  if (step.kind === 'failure') return 'failed for good, and goes back';
  if (step.kind === 'undo') return 'undone';
  if (step.kind === 'sleep' && step.until && new Date(step.until) > new Date()) return ['until ', time(step.until), ' (', ago(step.until), ')'];
  return 'done';
}

const took = (step) => (step.done_at && !['sleep', 'version'].includes(step.kind) ? span(new Date(step.done_at) - new Date(step.began_at)) : none);

export function flowBlock(flow, { hidden, give }) {
  const value = (step) => (flow.result && !['undo', 'failure'].includes(step.kind) && step.name in flow.result ? h('code', {}, JSON.stringify(flow.result[step.name])) : none);
  return block('Flow', facts([
    ['state', flow.state], ['began', flow.began_at ? [time(flow.began_at), ' (', ago(flow.began_at), ')'] : null],
    ['ended', flow.ended_at ? [time(flow.ended_at), ' (', ago(flow.ended_at), ')'] : null],
    ['goes on', flow.due_at ? [time(flow.due_at), ' (', ago(flow.due_at), ')'] : null],
    ['error', flow.error],
    ['still to be undone', flow.undos_left?.length ? flow.undos_left.join(', ') : null],
    ['runs again', flow.again ? [link('job', { id: flow.again.of }, flow.again.of), ` from '${flow.again.from}'`] : null],
    ['run again as', flow.again_as?.length ? flow.again_as.map((id) => h('div', {}, link('job', { id }, id))) : null],
    ['events', flow.events.length ? flow.events.map((event) => h('div', {}, event.given ? 'was given ' : 'waits for ', h('strong', {}, event.name),
      event.until ? [' until ', time(event.until)] : '',
      !event.given && give ? [' ', h('button', { type: 'button', 'data-key': `give-${event.name}`, onclick: () => give(event.name) }, 'Give it')] : null)) : null],
  ]), table('What it has done, in its order', [
    { label: 'Step', cell: (step) => h('strong', {}, step.name) },
    { label: 'Kind', cell: (step) => words[step.kind] ?? step.kind },
    { label: 'State', cell: outcome },
    { label: 'Began', cell: (step) => time(step.began_at) },
    { label: 'Took', number: true, cell: took },
    { label: 'Try', number: true, cell: (step) => String(step.tries) },
    ...(hidden ? [] : [{ label: 'Result', alone: true, cell: value }]),
  ], flow.steps, 'Nothing yet.'), hidden ? h('p', { class: 'soft' }, 'What its steps have returned is hidden: the dashboard was not started with --show-args.') : null);
}
