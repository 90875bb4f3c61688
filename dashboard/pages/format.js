// Numbers and times for people.
import { h } from './dom.js';

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 2 });
const fine = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const none = '–';
export const count = (number) => (number === null || number === undefined ? '?' : whole.format(number));
export const rate = (number) => (number === null || number === undefined ? none : fine.format(number));

// A number of rows that may be an estimate, and says so.
export function sized(value) {
  if (value === null || value === undefined) return '?';
  if (value.is_estimate) return '≈ ' + short.format(value.jobs);
  return whole.format(value.jobs) + (value.at_least ? '+' : '');
}
export function sizedWhy(value) {
  if (value?.is_estimate) return 'an estimate by PostgreSQL’s statistics: there are too many to count often';
  if (value?.at_least) return 'at least so many: there are too many to count often';
  return '';
}

export function span(ms) {
  if (ms === null || ms === undefined) return none;
  const units = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]];
  for (const [name, length] of units) if (ms >= length) return Math.floor(ms / length) + ' ' + name;
  return Math.max(0, Math.round(ms)) + ' ms';
}

export function time(utc) {
  if (!utc) return none;
  const date = new Date(utc);
  if (Number.isNaN(date.getTime())) return String(utc);
  return h('time', { datetime: utc, title: utc }, when.format(date));
}

export function ago(utc) {
  if (!utc) return none;
  const date = new Date(utc);
  if (Number.isNaN(date.getTime())) return String(utc);
  const ms = Date.now() - date.getTime();
  return h('time', { datetime: utc, title: utc + ', ' + when.format(date) }, ms >= 0 ? span(ms) + ' ago' : 'in ' + span(-ms));
}

export const shorten = (text, length) => (text && text.length > length ? text.slice(0, length) + '…' : text ?? '');
export const shortId = (id) => (id && id.length === 36 ? id.slice(0, 8) + '…' + id.slice(-4) : id);
