// The page: one drawing, one or two networks, and everything follows.

const data = JSON.parse(byId('data').textContent), samples = data.samples
const state = {net: 0, beside: null, sample: null, drawing: null, mute: '', mute2: '', ...Object.fromEntries(Object.entries(DIALS).map(([k, d]) => [k, d[3]])), ...fromHash(location.hash, data.networks.length)}
const pad = new Pad(byId('pad-box'), () => { state.sample = state.drawing = pixels = null; note = ''; pressed(null); later(true) })
const inspector = new Inspector(byId('inspect'), byId('inspector'), mute)
let pixels = null, images = [], views = [], bars = [], measures = [], pointed = null, waiting = false, drawings = [], strange = [], note = '', kept = 0

const change = () => ({angle: state.angle, right: state.right, down: state.down, noise: state.noise})
const bits = () => state.bits > 8 ? 32 : state.bits

// Draw the next picture once, whatever has happened until then.
function later(measured = false) {
  if (!measured) measureAll()
  if (waiting) return
  waiting = true
  requestAnimationFrame(() => { waiting = false; refresh() })
}

// The 28 x 28 pixels before the sliders: of a sample, a picture, or the drawing; null where nothing is drawn.
function source() {
  if (pixels) return pixels
  try { return pad.lines.length ? center(cleanStrokes(pad.ink)) : null } catch { return null }
}

function refresh() {
  const began = performance.now(), plain = source(), seen = plain && changed(plain, change(), 1)
  paintPixels(byId('sees'), seen ?? new Uint8Array(PIXELS))
  views.forEach(({net}) => net.run(seen ?? new Uint8Array(PIXELS)))
  const answers = seen ? views.map(({net}) => softmax(net.outs.at(-1))) : []
  bars.forEach((b, i) => b.show(answers[i] ?? null))
  views.forEach(v => v.show())
  if (pointed) inspector.show(...pointed)
  marks(seen, answers[0])
  verdict(answers)
  clearTimeout(kept)
  kept = setTimeout(keep, 150) // Browsers refuse an address that changes with every move of the pen
  window.courseSteps.milliseconds = performance.now() - began
}

function verdict(answers) {
  const text = answers.map((probs, i) => {
    const {net} = views[i], order = probs.map((p, k) => [p, k]).sort((a, b) => b[0] - a[0]), [[p, best], [q, next]] = order, name = k => net.classes[k]
    const far = Math.max(...net.outs.at(-1)) < (net.floor ?? -Infinity)
    const who = views.length > 1 ? `${net.title.split(':')[0]}: ` : ''
    if (p >= data.sure && !far) return `${who}${name(best)}, ${percent(p)} sure.`
    return `${who}Not sure: ${far ? `unlike the digits that it knows, perhaps ${name(best)}` : `${name(best)} (${percent(p)}) or ${name(next)} (${percent(q)})`}.`
  })
  const said = note || text.join('\n') || 'Nothing is drawn yet: draw a digit, or take one.'
  if (byId('verdict').textContent !== said) byId('verdict').textContent = said
}

// On the image: how far the chosen pixel looks, and the evidence for a class.
function marks(seen, probs) {
  const c = byId('marks').getContext('2d'), chosen = byId('evidence-for').value, digit = chosen === '' ? probs?.indexOf(Math.max(...probs)) : Number(chosen)
  c.clearRect(0, 0, 280, 280)
  const map = seen && byId('evidence').checked && views[0].net.evidence(digit)
  if (map) paintEvidence(c, map)
  byId('sees-note').textContent = map ? `Orange speaks for the ${views[0].net.classes[digit]}, blue against it. Each square stands for the ${times(map.field.size)} pixels around it.`
    : state.sample !== null ? 'A test image, as it is.' : 'Cut out, scaled to 20 × 20 pixels, centered: like the images it was trained on.'
  if (!pointed) return
  const [view, i, , y, x] = pointed, [top, left, bottom, right] = fieldOf(view.net.fields[i], y, x)
  Object.assign(c, {strokeStyle: '#ffb454', lineWidth: 3, fillStyle: '#ffb45430'})
  c.fillRect(10*left, 10*top, 10*(right - left), 10*(bottom - top))
  c.strokeRect(10*left + 1.5, 10*top + 1.5, 10*(right - left) - 3, 10*(bottom - top) - 3)
}

function paintEvidence(c, {values, shape: [, h, w], field}) {
  const top = Math.max(...values.map(Math.abs), 1e-6)
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    const v = values[y*w + x]/top, at = (k, n) => field.start[k] + n*field.jump[k] + field.size[k]/2 - field.jump[k]/2
    c.fillStyle = v > 0 ? `rgb(255 150 40 / ${0.75*v})` : `rgb(60 150 255 / ${-0.75*v})`
    c.fillRect(10*at(1, x), 10*at(0, y), 10*field.jump[1], 10*field.jump[0])
  }
}

function point(view, i, c, y, x) {
  const same = pointed && pointed[0] === view && pointed.slice(1).join() === [i, c, y, x].join()
  if (same) return
  views.forEach(v => v.choose(v === view ? i : null, c, y, x))
  pointed = [view, i, c, y, x]
  inspector.show(view, i, c, y, x, document.activeElement?.classList.contains('map'))
  marks(source(), views[0].net.outs.at(-1) && softmax(views[0].net.outs.at(-1)))
}

inspector.closed = () => { views.forEach(v => v.choose(null)); pointed = null; later(true) }

function mute(view, i, c) {
  const key = `${i}.${c}`, {muted} = view.net, on = !muted.delete(key)
  if (on) muted.add(key)
  state[view === views[0] ? 'mute' : 'mute2'] = [...muted].join()
  view.showMuted()
  say(`Layer ${i + 1}, map ${c + 1} ${on ? 'muted' : 'on again'}`)
  later()
}

// A drawing as a network sees it; there are hundreds, so each is prepared when it is needed.
const pixelsOf = d => d.pixels ??= center(cleanStrokes(drawLines(d.lines, d.width, PAD)))

// Accuracy of each network, as it is and as it was trained.
async function measureAll() {
  if (!images.length) return
  const n = samples.count, labels = samples.labels.slice(0, n)
  await Promise.all(views.map(async (view, i) => {
    const {net} = view, m = measures[i], how = {muted: net.muted, bits: bits(), change: change()}, whole = {muted: [], bits: 32, change: {}}
    m.usual ??= await m.count(images.slice(0, n), labels, whole, (r, k) => m.show(r, k))
    if (!m.usual) return
    const began = performance.now(), now = await m.count(images.slice(0, n), labels, how, (r, k) => m.show(r, k))
    if (now) { m.show(now.right, now.n); m.milliseconds = window.courseSteps.measured = performance.now() - began; later(true) }
    if (!now || m.drawn) return
    m.drawn = await m.count(drawings.map(d => () => pixelsOf(d)), drawings.map(d => d.label), whole) // Last, for it takes longest, and begins again where it was cut short
    if (m.drawn) m.show(now.right, now.n)
  }))
}

function scoreBox(view, i, m) {
  const number = el('p', {className: 'number', textContent: '…'}), text = el('p'), more = el('p')
  m.show = (right, n) => {
    number.textContent = `${(100*right/n).toFixed(1)}\u00a0%`
    text.textContent = `${right} of ${n} test images of ${samples.title ?? samples.name}${m.usual ? `; as trained ${(100*m.usual.right/m.usual.n).toFixed(1)}\u00a0%` : ''}`
    if (m.drawn) more.textContent = `As trained, ${m.drawn.right} of ${m.drawn.n} digits drawn for this test (95\u00a0% interval ${interval(m.drawn.right, m.drawn.n).map(v => v.toFixed(0)).join(' to ')}\u00a0%)`
  }
  return el('div', {className: i ? 'b' : 'a'}, el('p', {textContent: view.net.title}), number, text, more)
}
