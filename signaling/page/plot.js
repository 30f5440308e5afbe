// SPDX-License-Identifier: LGPL-2.1-or-later
// The last minute of some figures, each a row of a table with a small curve.
import {make} from './dom.js';
import {rung} from './stats.js';

const KEPT = 60;
const [WIDTH, HEIGHT] = [120, 22];

const fixed = (value, digits, unit) => value === undefined ? '–' : `${value.toFixed(digits)} ${unit}`;

function bits(value) {
  if (value === undefined) return '–';
  return value < 999_500 ? fixed(value / 1000, 0, 'kbit/s') : fixed(value / 1e6, 2, 'Mbit/s');
}

/** Name, what is drawn, what is said, and what the curve fills when all is small. */
const ROWS = [
  {name: 'Bitrate', of: (s) => s.bitrate, say: (s) => bits(s.bitrate), least: 10_000},
  {name: 'Frame rate', of: (s) => s.rate, say: (s) => fixed(s.rate, 0, 'per s'), least: 10, video: true},
  {name: 'Resolution', of: (s) => s.height, video: true, least: 100,
   say: (s) => s.width ? `${s.width} × ${s.height}` : '–'},
  {name: 'Rung', of: (s) => (s.height ?? 0) * (parseInt(rung(s).split('p')[1], 10) || 0), video: true,
   say: (s) => rung(s) || '–', least: 1000},
  {name: 'Loss', of: (s) => s.loss, say: (s) => fixed(s.loss * 100, 1, '%'), least: 0.05},
  {name: 'Delay', of: (s) => s.delay, least: 0.1,
   say: (s) => fixed(s.delay === undefined ? undefined : s.delay * 1000, 0, 'ms')},
];

/** @param {CanvasRenderingContext2D} context @param {(number|undefined)[]} values oldest first */
function draw(context, values, least) {
  const {canvas} = context;
  const most = Math.max(least, ...values.map((value) => value ?? 0)) * 1.1;
  const step = WIDTH / (KEPT - 1);
  const x = (i) => WIDTH - (values.length - 1 - i) * step;
  const y = (value) => HEIGHT - 1.5 - (value ?? 0) / most * (HEIGHT - 3);
  context.clearRect(0, 0, WIDTH, HEIGHT);
  context.beginPath();
  values.forEach((value, i) => context.lineTo(x(i), y(value)));
  context.lineWidth = 1.5;
  context.strokeStyle = getComputedStyle(canvas).color;
  context.stroke();
  context.lineTo(WIDTH, HEIGHT);
  context.lineTo(x(0), HEIGHT);
  context.globalAlpha = 0.15;
  context.fillStyle = context.strokeStyle;
  context.fill();
  context.globalAlpha = 1;
}

function curve() {
  const scale = Math.min(3, devicePixelRatio || 1);
  const canvas = make('canvas', {width: WIDTH * scale, height: HEIGHT * scale, aria: {hidden: 'true'}});
  const context = canvas.getContext('2d');
  context.scale(scale, scale);
  return context;
}

export class Plots {
  /** @param {string} title of the stream @param {boolean} video */
  constructor(title, video) {
    this.past = [];
    this.video = video;
    this.rows = ROWS.filter((row) => video || !row.video).map((row) => {
      const context = curve();
      const now = make('td', {className: 'now'}, '–');
      const line = make('tr', {}, make('th', {scope: 'row'}, row.name), now,
                        make('td', {className: 'curve'}, context.canvas));
      return {...row, context, now, line};
    });
    this.more = make('p', {className: 'soft more'});
    const head = make('thead', {className: 'hidden'}, make('tr', {}, make('th', {scope: 'col'}, 'Figure'),
        make('th', {scope: 'col'}, 'Now'), make('th', {scope: 'col'}, 'Last minute')));
    this.element = make('div', {className: 'plots'},
        make('table', {}, make('caption', {className: 'hidden'}, `Figures of ${title}`), head,
             make('tbody', {}, ...this.rows.map(({line}) => line))), this.more);
  }

  /** @param {import('./stats.js').Sample} sample */
  take(sample) {
    this.past.push(sample);
    if (this.past.length > KEPT) this.past.shift();
    for (const {of, say, least, context, now} of this.rows) {
      now.textContent = say(sample);
      draw(context, this.past.map(of), least);
    }
    const trip = sample.trip === undefined ? '' : `, ${(sample.trip * 1000).toFixed(0)} ms there and back`;
    this.more.textContent = `${sample.codec || 'no codec yet'}${trip}`;
  }
}
