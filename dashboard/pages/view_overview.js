import { get } from './api.js';
import { lineChart, Series } from './charts.js';
import { block, h, link, outages, replace } from './dom.js';
import { ago, count, rate, sized, sizedWhy, span } from './format.js';

const whys = {
  unserved: ['no worker serves it, and jobs wait', 'bad'],
  dying: ['jobs have died in the last minute', 'bad'],
  relay_behind: ['its relay is behind', 'warn'],
  paused: ['it is paused', 'warn'],
};

const card = (what, number, why, to = null) => h('li', { class: 'card' },
  h('span', { class: 'what' }, to ? link(to.page, to.parameters, what) : what), h('span', { class: 'number' }, number), h('span', { class: 'why' }, why));

function lamp(audit) {
  const look = link('audit', {}, 'The audit');
  if (audit.error) return h('div', { class: 'lamp warn' }, h('span', { class: 'light', 'aria-hidden': 'true' }), h('p', {}, 'The last look failed: ', audit.error, ' ', look));
  if (audit.agrees === null) {
    return h('div', { class: 'lamp' }, h('span', { class: 'light', 'aria-hidden': 'true' }),
      h('p', {}, audit.state === 'running' ? 'Looking…' : audit.by_itself ? 'Nobody has looked yet.' : `Not looked at by itself, since there are about ${count(audit.jobs)} jobs.`, ' ', look));
  }
  const [kind, text] = audit.needs_somebody ? ['bad', 'Something has to be done: committed jobs are missing or twice.']
    : audit.agrees ? ['good', 'Every committed job is somewhere, and once.'] : ['good', 'All is well: what disagrees passes by itself.'];
  return h('div', { class: 'lamp ' + kind }, h('span', { class: 'light', 'aria-hidden': 'true' }),
    h('p', {}, h('strong', {}, text), ' Looked at ', ago(audit.at), '. ', look));
}

function healed(numbers) {
  if (numbers.workers_asked === 0) {
    return h('p', { class: 'soft' }, 'Workers count this: start them with --metrics, and name them here by --metrics http://host:port/metrics.');
  }
  const lines = [
    ['duplicates_suppressed', 'duplicates suppressed', 'jobs that came twice and took effect once'],
    ['zombies_fenced', 'zombies fenced', 'commits refused of workers that were taken for dead'],
    ['brought_back', 'jobs brought by relays', 'asked for by SQL, not pushed, or lost by Redis'],
    ['redis_losses', 'losses of Redis seen', 'by how many workers its data, or their lease, was missed'],
    ['lease_losses', 'leases lost', 'workers that were not heard of for too long'],
    ['reconnects', 'reconnects', 'connections that were made anew'],
  ];
  return [h('ul', { class: 'cards' }, lines.filter(([name]) => numbers[name] !== null).map(([name, what, why]) => card(what, count(numbers[name]), why))),
    h('p', { class: 'soft small' }, `Since the workers began; ${numbers.workers_answered} of ${numbers.workers_asked} answer.`)];
}

let state = null;

export const view = {
  page: '', title: 'Overview', inMenu: true, every: 2000,

  begin() {
    const chart = (title, explain, format) => lineChart({ title, explain, format });
    state = {
      series: new Series(30 * 60000),
      rate: chart('Rate', 'attempts that end in a second', rate),
      latency: chart('Latency', 'age of the first job, by queue', (seconds) => span(seconds * 1000)),
      depth: chart('Depth', 'jobs ready, delayed and running, by queue', count),
      died: chart('Failures', 'jobs that died within the last minute, by queue', count),
      top: h('div', {}), bottom: h('div', {}), placed: false,
    };
  },

  async refresh({ root, signal }) {
    const mine = state;
    const document = await get('overview', { since: mine.series.since }, signal);
    mine.series.add(document.history);
    if (!mine.placed) {
      mine.placed = true;
      replace(root, mine.top, h('div', { class: 'charts' }, mine.rate.element, mine.latency.element, mine.depth.element, mine.died.element), mine.bottom);
    }
    const { times } = mine.series;
    mine.rate.draw({ times, series: [{ name: 'all queues', values: mine.series.sum.rate ?? [] }, ...mine.series.top('rate', 4)] });
    mine.latency.draw({ times, series: mine.series.top('oldest_s') });
    mine.depth.draw({ times, series: mine.series.top('depth') });
    mine.died.draw({ times, series: mine.series.top('died') });
    const sum = document.sum;
    replace(mine.top, outages(document), sum && h('ul', { class: 'cards', 'aria-label': 'Sums over all queues' },
      card('ready', count(sum.ready), 'may run now', { page: 'jobs', parameters: { state: 'ready' } }),
      card('running', count(sum.running), 'workers have them', { page: 'jobs', parameters: { state: 'running' } }),
      card('delayed', count(sum.delayed), 'due later, or aside', { page: 'jobs', parameters: { state: 'delayed' } }),
      card('dead', sized(sum.dead), sizedWhy(sum.dead) || 'do not run again by themselves', { page: 'dead', parameters: {} }),
      card('attempts per second', rate(mine.series.sum.rate?.at(-1)), 'that ended, well or not'),
      card('oldest', span(sum.oldest_ms), 'the first ready or running job'),
      card('relay lag', span(sum.relay_lag_ms), 'from commit to the relay’s look'),
      card('queues', count(sum.queues), sum.paused ? `${count(sum.paused)} paused` : 'none is paused', { page: 'queues', parameters: {} })));
    replace(mine.bottom, h('div', { class: 'halves' },
      block('Is every job somewhere, and once?', lamp(document.audit)),
      block('What wants a look', document.attention.length === 0 ? h('p', { class: 'soft' }, 'Nothing.')
        : h('ul', {}, document.attention.map(({ queue, why, number }) => {
          const [text, kind] = whys[why] ?? [why, 'warn'];
          return h('li', {}, link(why === 'dying' ? 'dead' : 'queues', { queue }, queue), ' ', h('span', { class: 'tag ' + kind }, text),
            number === null ? '' : ` (${why === 'relay_behind' ? span(number) : count(number)})`);
        })))),
      block('What was healed', healed(document.healed)));
  },
};
