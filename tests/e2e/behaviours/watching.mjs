// SPDX-License-Identifier: LGPL-2.1-or-later
// The watch page of genos-signald over its own TLS, from an address that others could use.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {sleep, until} from '../harness/actor.mjs';
import {ChangingLine, Launch, Tool} from '../harness/launch.mjs';
import {scenario} from '../harness/lab.mjs';
import {outsideAddress} from '../harness/watch_page.mjs';

// A home of its own: the certificate that it makes is kept there.
process.env.XDG_STATE_HOME = mkdtempSync(join(tmpdir(), 'state-'));

/** Of another machine's browser. */
const outside = () => ({relay: 'signald', at: {address: outsideAddress(), scheme: 'wss'}});

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function tool(lab, command, words) {
  const actor = new Tool(command, [command, '--room', lab.room, '--signaling', lab.relays[0].signaling,
                                   '--ice-servers', 'none', ...words]);
  lab.actors.push(actor);
  return actor;
}

function stream(lab, title) {
  const line = new Launch('line', [
    ...'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1 ! s.video_0'.split(' '),
    ...'audiotestsrc is-live=true ! s.audio_0 genosroomsink name=s ice-servers=none'.split(' '),
    `room=${lab.room}`, `signaling=${lab.relays[0].signaling}`, `title=${title}`]);
  lab.actors.push(line);
  return line;
}

async function two(lab) {
  const [anna, bert] = await Promise.all([lab.watchPage('anna'), lab.watchPage('bert')]);
  await Promise.all([anna.meets(1), bert.meets(1)]);
  return [anna, bert];
}

function doorBehaviours() {
  scenario('the door leads into a room', outside(), async (lab) => {
    const page = await lab.watchPage('page', '');
    const headers = page.answer.headers();
    assert.equal(page.answer.status(), 200);
    assert.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self'; /);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*|https?:/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(await page.text('h1'), 'genos-signald');
    await page.picture('door');
    await page.type('#enter-room', lab.room);
    await page.type('#enter-name', 'Anna');
    await page.type('#enter-password', 'secret-word');
    await page.page.keyboard.press('Enter');
    await page.shows('#state', /^connected$/);
    assert.equal(page.page.url(), `${page.base}#room=${lab.room}`);
    assert.ok(!page.asked.some((url) => /secret-word|room-/.test(url)), 'the server is told no name');
    const friend = await lab.watchPage('friend', `#room=${lab.room}&password=secret-word`);
    await friend.meets(1);
    await friend.shows('#people', /Anna/);
    const stranger = await lab.watchPage('stranger', `#room=${lab.room}&password=other`);
    await stranger.shows('#state', /^connected$/);
    assert.deepEqual(await stranger.others(), []);
    await page.page.reload();  // the password is remembered with the entry of the history
    await page.meets(1);
    await page.shows('#where', /with password/);
    assert.equal(page.page.url(), `${page.base}#room=${lab.room}`);
    for (const each of [page, friend, stranger]) each.clean();
  });

  scenario('without TLS it says what to do', {relay: 'signald', at: {
    address: outsideAddress(), scheme: 'ws', args: ['--no-tls']}}, async (lab) => {
    const page = await lab.watchPage('page');
    await page.shows('#unusable', /https.*localhost/s);
  });
}

function talkBehaviours() {
  scenario('two watch pages see each other and chat', outside(), async (lab) => {
    const [anna, bert] = await two(lab);
    await anna.type('#own-name', 'Anna');
    await anna.page.keyboard.press('Enter');
    await bert.shows('#people', /Anna/);
    await anna.say('Grüße <b>& more</b>');
    await bert.shows('#chat', /Anna.*\n?.*Grüße <b>& more<\/b>/s);
    await bert.say('and back');
    await anna.shows('#chat', /and back/);
    await bert.press('#leave');
    await anna.meets(0);
    await anna.shows('#chat', /has left/);
    await bert.shows('#door', /Enter a room/);
    for (const page of [anna, bert]) page.clean();
  });

  scenario('the page and genos chat talk', outside(), async (lab) => {
    const page = await lab.watchPage('page');
    const chat = tool(lab, 'chat', []);
    await page.meets(1);
    chat.child.stdin.write('from a shell\n');
    await page.shows('#chat', /from a shell/);
    await page.say('from the page');
    await chat.wait('message', {text: 'from the page'});
    page.clean();
  });

  scenario('nothing that a stranger says becomes markup, or too long', outside(), async (lab) => {
    const page = await lab.watchPage('page');
    const chat = tool(lab, 'chat', []);
    await page.meets(1);
    chat.child.stdin.write('<img src=x onerror=alert(1)>\n');
    chat.child.stdin.write(`${'x'.repeat(50_000)}\n`);
    await page.shows('#chat', /<img src=x onerror=alert\(1\)>[^]*xxx…/);
    const [longest, images] = await page.page.evaluate(() => [
      Math.max(...[...document.querySelectorAll('.said .text')].map((e) => e.textContent.length)),
      document.querySelectorAll('img').length]);
    assert.deepEqual([longest, images], [4000, 0]);
    chat.child.stdin.write('again\n'.repeat(500));
    await page.shows('#chat', /says too much at once: not all of it is shown/);
    const lines = await page.page.$$eval('.said', (all) => all.length);
    assert.ok(lines <= 100, `${lines} lines`);
    page.clean();
  });

  // Over loopback, where the driven page, which knows no certificate of ours, is let in too.
  scenario('what makes no sense is not shown', {relay: 'signald'}, async (lab) => {
    const page = await lab.watchPage('page');
    const stranger = await lab.page('stranger');
    await lab.join(stranger, {app: 'genos'});
    await page.meets(1);
    for (const channel of ['chat', 'name', 'file']) await lab.do(stranger, 'channel', {channel});
    const send = (channel, payload, meta) => lab.do(stranger, 'send', {channel, ...payload, meta});
    const json = (value) => ({kind: 'json', json: value});
    const bytes = {kind: 'bytes', size: 50_000, seed: 1};
    for (const value of [null, 1, {text: 'odd'}, ['odd'], {toString: 'odd'}]) {
      await send('chat', json(value));
      await send('name', json(value));
      await send('file', json(value), {name: 'odd'});
      await send('file', bytes, {name: value});
      await send('file', bytes, value);
    }
    await send('chat', bytes);
    await send('name', {kind: 'text', text: `\u202eodd\u0007${'n'.repeat(1000)}`});
    await lab.do(stranger, 'add-media', {media: ['video'], source: 'canvas', meta: {title: ['odd']}});
    await page.plays('Video');
    await send('file', {kind: 'text', text: 'odd'}, {name: 'odd'});
    await send('file', bytes, {name: '../../<b>x', id: {}});
    await page.shows('#files', /^\.\.\/\.\.\/<b>x\s+from [^]*50 kB\s+Save$/);
    await send('chat', {kind: 'text', text: 'the last'});
    await page.shows('#chat', /the last$/);
    assert.equal(await page.page.$$eval('.said', (all) => all.length), 1);
    const [, name] = await page.page.$$eval('#people .who', (all) => all.map((each) => each.textContent));
    assert.match(name.trim(), /^odd n+…$/);
    assert.ok(name.length <= 40, name);
    page.clean();
  });

  scenario('files go both ways between the page and genos', outside(), async (lab) => {
    const page = await lab.watchPage('page');
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    const path = join(folder, 'holiday.bin');
    const bytes = Buffer.alloc(3_000_001, 'holiday');
    writeFileSync(path, bytes);
    const sender = tool(lab, 'send', [path]);
    await page.shows('#files', /holiday\.bin[^]*3\.0 MB[^]*Save/);
    assert.equal((await sender.wait('exit')).code, 0);
    await page.press('#files button');
    await until(() => page.saved(), ([file]) => file?.size === bytes.length, 'the file is saved', 5);
    await page.meets(0);
    const into = mkdtempSync(join(tmpdir(), 'files-'));
    const receiver = tool(lab, 'receive', ['--yes', '--into', into, '--count', '1']);
    await page.meets(1);
    await (await page.page.$('#file-input')).uploadFile(path);
    assert.equal((await receiver.wait('exit')).code, 0);
    assert.deepEqual(readdirSync(into), ['holiday.bin']);
    assert.equal(sha256(readFileSync(join(into, 'holiday.bin'))), sha256(bytes));
    await page.shows('#files', /to everybody[^]*sent/);
    page.clean();
  });
}

function mediaBehaviours() {
  scenario('a native stream plays, is measured and recorded', outside(), async (lab) => {
    const page = await lab.watchPage('page');
    await page.shows('#state', /^connected$/);
    const line = stream(lab, 'door');
    const seen = await page.plays('door');
    assert.deepEqual([seen.width, seen.height], [320, 240]);
    const measured = await until(() => page.figures(), (all) => /^[1-9]/.test(all.Bitrate) && all.Rung !== '–' &&
        /^\d+ ms$/.test(all.Delay), 'the figures come');
    assert.equal(measured.Resolution, '320 × 240');
    assert.match(measured.Rung, /^240p(24|25|30)$/);
    assert.match(measured['Frame rate'], /^(2\d|3\d) per s$/);
    assert.match(measured.Loss, /^\d+\.\d %$/);
    const muted = () => page.page.$eval('.tile video', (video) => video.muted);
    assert.equal(await muted(), true);
    await page.press('#sound');
    assert.equal(await muted(), false);
    await page.press('.tile button[aria-pressed]');
    await page.shows('.tile button[aria-pressed]', /Stop recording/);
    await page.plays('door');
    await page.press('.tile button[aria-pressed]');
    const [blob] = await until(() => page.saved(), (all) => all.length > 0, 'the recording is saved', 10);
    assert.deepEqual([blob.type, blob.head], ['video/webm', '1a45dfa3']);
    assert.ok(blob.size > 10_000, `${blob.size} bytes were recorded`);
    await page.shows('#files', /door-.*\.webm[^]*Save/);
    line.child.kill('SIGINT');
    await until(() => page.page.$$eval('.tile', (all) => all.length), (count) => count === 0, 'the tile goes');
    page.clean();
  });

  scenario('a camera that begins later than its microphone is shown in the same place', outside(), async (lab) => {
    const page = await lab.watchPage('page');
    await page.shows('#state', /^connected$/);
    const line = new ChangingLine('line', [`room=${lab.room}`, `signaling=${lab.relays[0].signaling}`, 'ice-servers=none']);
    lab.actors.push(line);
    line.add('audio_0', 'audiotestsrc is-live=true');
    const figures = await until(() => page.figures(), (all) => /^[1-9]/.test(all.Bitrate), 'the sound');
    assert.equal(figures.Resolution, undefined);
    await page.press('.tile button[aria-pressed]');
    await page.shows('.tile button[aria-pressed]', /Stop recording/);
    await sleep(2000);  // what is recorded
    line.add('video_0', 'videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! queue');
    await until(() => page.figures(), (all) => all.Resolution === '320 × 240', 'the picture');
    await until(() => page.saved(), (all) => all.length === 1, 'what was recorded of the sound alone');
    await page.shows('.tile button[aria-pressed]', /Stop recording/);
    await page.press('.tile button[aria-pressed]');
    const saved = await until(() => page.saved(), (all) => all.length === 2, 'and of both', 10);
    assert.deepEqual(saved.map(({type}) => type), ['audio/webm', 'video/webm']);
    // Who changes all the time fills no folder.
    await page.press('.tile button[aria-pressed]');
    const tracks = () => page.page.$eval('.tile video', ({srcObject}) => srcObject.getTracks().length);
    for (let turn = 0; turn < 3; turn++) {
      line.takeAway('audio_0');
      await until(tracks, (count) => count === 1, 'no sound');
      line.add('audio_0', 'audiotestsrc is-live=true');
      await until(tracks, (count) => count === 2, 'sound again');
    }
    await page.shows('.tile button[aria-pressed]', /^Record$/);
    assert.deepEqual(await page.page.$$eval('.tile', (all) => all.map((tile) => tile.classList.contains('sound-only'))), [false]);
    page.clean();
  });

  scenario('a camera is seen by the other page until it is stopped', outside(), async (lab) => {
    const [anna, bert] = await two(lab);
    await anna.allow();
    await anna.press('#camera');
    await anna.shows('#camera', /Stop camera/);
    await anna.plays('Camera');
    await bert.plays('Camera');
    const late = await lab.watchPage('late');
    await late.plays('Camera');
    await anna.press('#camera');
    await until(() => bert.page.$$eval('.tile', (all) => all.length), (count) => count === 0, 'the tile goes');
    for (const page of [anna, bert, late]) page.clean();
  });

  scenario('a screen is seen by the other page', outside(), async (lab) => {
    const [anna, bert] = await two(lab);
    await anna.press('#screen');
    await anna.shows('#screen', /Stop screen/);
    await bert.plays('Screen');
    await anna.press('.own button');
    await anna.shows('#screen', /Share screen/);
    await until(() => bert.page.$$eval('.tile', (all) => all.length), (count) => count === 0, 'the tile goes');
    for (const page of [anna, bert]) page.clean();
  });

  scenario('a refused camera is a sentence', outside(), async (lab) => {
    const page = await lab.watchPage('page');
    await page.allow([]);
    await page.press('#camera');
    await page.shows('#notice', /Camera: you or the browser did not allow it/);
    await page.shows('#camera', /Send camera/);
    page.clean();
  });
}

/** What Tab reaches, in order, and whether each shows that it has the focus. */
async function tabOrder(page, most) {
  const reached = [];
  for (let i = 0; i < most; i++) {
    await page.page.keyboard.press('Tab');
    const now = await page.page.evaluate(() => {
      const {activeElement: element} = document;
      const style = getComputedStyle(element);
      return {id: element.id, tag: element.tagName, name: element.ariaLabel || element.innerText ||
              element.labels?.[0]?.innerText || '', ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
    });
    if (now.tag === 'BODY') break;
    reached.push(now);
  }
  return reached;
}

function accessBehaviours() {
  scenario('everything is reached by keyboard, and says what it is', outside(), async (lab) => {
    const [anna, bert] = await two(lab);
    await anna.shows('#announcements', /(is here[^]*Connected|Connected[^]*is here)/);
    const order = await tabOrder(anna, 40);
    const ids = order.map(({id}) => id).filter(Boolean);
    assert.deepEqual(ids, ['sound', 'camera', 'screen', 'file', 'link', 'leave', 'own-name', 'chat', 'say-text', 'say-go']);
    assert.deepEqual(order.filter(({ring}) => !ring), [], 'each shows that it has the focus');
    await anna.page.focus('#say-text');
    await anna.page.keyboard.type('by keyboard');
    await anna.page.keyboard.press('Tab');
    await anna.page.keyboard.press('Space');
    await bert.shows('#chat', /by keyboard/);
    const tree = JSON.stringify(await anna.page.accessibility.snapshot());
    for (const wanted of ['"role":"log"', '"name":"Turn sound on"', '"name":"Message"', '"name":"Your name"']) {
      assert.ok(tree.includes(wanted), `${wanted} in ${tree}`);
    }
    const nameless = await anna.page.$$eval('button, input:not([hidden])', (all) => all
        .filter((e) => !(e.innerText || e.ariaLabel || e.labels?.length)).map(({outerHTML}) => outerHTML));
    assert.deepEqual(nameless, []);
    await bert.press('#leave');
    await anna.shows('#announcements', /has left/);
    anna.clean();
  });

  scenario('it fits a phone and the dark', outside(), async (lab) => {
    const phone = await lab.watchPage('phone', undefined, {view: {width: 360, height: 740, isMobile: true,
                                                                  hasTouch: true, deviceScaleFactor: 2}});
    const desk = await lab.watchPage('desk');
    await desk.allow();
    await Promise.all([phone.meets(1), desk.meets(1)]);
    stream(lab, 'a-title-that-is-rather-long-and-has-no-place-to-break-it-anywhere');
    await desk.press('#camera');
    await Promise.all([phone.plays('Camera'), phone.shows('.stage', /a-title/), desk.shows('.stage', /a-title/)]);
    await desk.say(`Hello phone. ${'w'.repeat(200)}`);
    await phone.shows('#chat', /www/);
    await phone.say('Hello desk.');
    await desk.shows('#chat', /Hello desk/);
    await until(() => desk.figures(), (all) => all.Delay !== '–', 'the figures come');
    for (const [page, name] of [[phone, 'phone'], [desk, 'desk']]) {
      for (const scheme of ['light', 'dark']) {
        await page.colours(scheme);
        await page.picture(`${name}-${scheme}`);
      }
      const [content, window] = await page.page.evaluate(() =>
          [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(content <= window, `${name}: ${content} px in ${window}`);
      page.clean();
    }
    const small = await phone.page.$$eval('button', (all) => all.filter((e) => e.offsetParent &&
        e.getBoundingClientRect().height < 44).map(({innerText}) => innerText));
    assert.deepEqual(small, [], 'each button is as high as a finger');
  });
}

/** The relay that a process becomes when nothing else is there. */
function embeddedBehaviours() {
  scenario('the embedded relay serves the page', {relay: 'signald'}, async (lab) => {
    const [relay] = lab.relays;
    await relay.close();
    const chat = tool(lab, 'chat', []);
    const answers = () => fetch(relay.page).then(({status}) => status, () => 0);
    await until(answers, (status) => status === 200, 'the process answers');
    const page = await lab.watchPage('page');
    await page.meets(1);
    await page.say('to who serves it');
    await chat.wait('message', {text: 'to who serves it'});
    page.clean();
  });
}

export function watchBehaviours() {
  doorBehaviours();
  talkBehaviours();
  mediaBehaviours();
  accessBehaviours();
  embeddedBehaviours();
}
