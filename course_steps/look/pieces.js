// Small pieces for lessons, made of the engine of the page: each one asks for one thing to be tried.

const told = JSON.parse(byId('data').textContent), root = byId('piece')
const network = told.network && new Network(told.network)
let digits = []

// A screen of n x n pixels with a frame that follows the pointer or the arrows; `moved` hears the pixel.
class Screen {
  constructor(title, n, name, moved) {
    Object.assign(this, {n, moved, at: [n >> 1, n >> 1], canvas: el('canvas', {width: n, height: n}), over: el('canvas', {className: 'over', width: 280, height: 280})})
    this.screen = el('div', {className: 'screen', role: moved ? 'application' : 'img', ariaLabel: name}, this.canvas, this.over)
    this.title = el('p', {textContent: title})
    this.node = el('div', {className: 'pane'}, this.title, this.screen)
    if (!moved) return
    this.screen.tabIndex = 0
    this.screen.addEventListener('pointermove', e => {
      const r = this.screen.getBoundingClientRect()
      this.go(Math.floor((e.clientY - r.top)/r.height*this.n), Math.floor((e.clientX - r.left)/r.width*this.n))
    })
    this.screen.addEventListener('keydown', e => {
      const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[e.key]
      if (!step) return
      e.preventDefault()
      this.go(this.at[0] + step[0], this.at[1] + step[1])
      say(this.spoken?.() ?? '')
    })
  }

  resize(n) { Object.assign(this.canvas, {width: n, height: n}); this.n = n; this.at = [n >> 1, n >> 1] }

  go(y, x) {
    this.at = [y, x].map(v => Math.max(0, Math.min(this.n - 1, v)))
    this.moved(...this.at)
  }

  frame([top, left, bottom, right], color = '#ffb454') {
    const c = this.over.getContext('2d'), s = 280/this.n
    c.clearRect(0, 0, 280, 280)
    Object.assign(c, {strokeStyle: color, lineWidth: 3})
    c.strokeRect(s*left + 1.5, s*top + 1.5, s*(right - left) - 3, s*(bottom - top) - 3)
  }
}

function choice(label, names, chosen) {
  const select = el('select', {}, ...names.map((n, i) => el('option', {value: i, textContent: n})))
  select.addEventListener('change', () => chosen(Number(select.value)))
  return el('label', {textContent: `${label} `}, select)
}

function range(label, low, high, value, write, changed) {
  const input = el('input', {type: 'range', min: low, max: high, value, id: `range-${label.replace(/\W/g, '-')}`}), out = el('output', {textContent: write(value)})
  input.setAttribute('aria-valuetext', write(value))
  input.addEventListener('input', () => { out.textContent = write(Number(input.value)); input.setAttribute('aria-valuetext', out.textContent); changed(Number(input.value)) })
  return el('div', {className: 'slider'}, el('label', {htmlFor: input.id, textContent: label}), out, input)
}

const digitChoice = chosen => choice('Digit', told.labels.map(String), chosen)

// Lesson 0: a kernel slides over a digit, and each place gives one number.
function dragKernel() {
  const names = Object.keys(told.kernels), sum = el('div', {className: 'pane wide'})
  let digit = 7, kernel = told.kernels[names[0]]
  const out = new Screen('What comes out, 26 × 26', 26, 'The output of the kernel')
  const image = new Screen('Move over the digit', SIDE, 'The digit: arrows move the kernel', show)
  image.spoken = () => sum.querySelector('.big').textContent
  const patch = (y, x) => kernel.map((_, n) => digits[digit][(y + Math.floor(n/3))*SIDE + x + n % 3]/255)
  const value = (y, x) => patch(y, x).reduce((a, v, n) => a + v*kernel[n], 0)
  function show(r, c) {
    const y = Math.max(0, Math.min(25, r - 1)), x = Math.max(0, Math.min(25, c - 1)), all = Array.from({length: 676}, (_, i) => value(Math.floor(i/26), i % 26))
    paintPixels(image.canvas, digits[digit])
    paint(out.canvas, all, 0, Math.max(...all.map(Math.abs), 1e-6))
    image.frame([y, x, y + 3, x + 3])
    out.frame([y, x, y + 1, x + 1])
    sum.replaceChildren(el('div', {className: 'grids'}, gridOf('pixels', patch(y, x), 3), '×', gridOf('kernel', kernel, 3)), el('p', {className: 'big', textContent: `The nine products add up to ${shown(value(y, x))}`}))
  }
  const again = () => show(...image.at)
  root.append(el('div', {className: 'tools'}, digitChoice(i => { digit = i; again() }), choice('Kernel', names, i => { kernel = told.kernels[names[i]]; again() })),
    el('div', {className: 'panes'}, image.node, out.node, sum))
  root.querySelector('select').value = digit
  again()
}

// Lessons 2 and 7: how much of the image one output sees, layer by layer.
function exploreField() {
  let digit = 7, layer = 0
  const image = new Screen('The image', SIDE, 'The image with the receptive field')
  const map = new Screen('Move over the map', 2, 'One map of the layer: arrows choose a pixel', show), text = el('p', {className: 'big'})
  map.spoken = () => text.textContent
  const some = network.layers.flatMap((l, i) => l.kind === 'flatten' ? [] : [i]), facts = el('p', {className: 'hint'})
  function show(y, x) {
    const box = fieldOf(network.fields[layer], y, x)
    map.frame([y, x, y + 1, x + 1])
    image.frame(box)
    text.textContent = `It sees ${box[2] - box[0]} × ${box[3] - box[1]} pixels: rows ${box[0] + 1} to ${box[2]}, columns ${box[1] + 1} to ${box[3]}.`
  }
  function again() {
    const l = network.layers[layer], [n, h, w] = l.shape, out = network.run(digits[digit])[layer], sums = Array.from({length: n}, (_, c) => out.subarray(c*h*w, (c + 1)*h*w).reduce((a, v) => a + Math.abs(v), 0))
    const strongest = sums.indexOf(Math.max(...sums))
    map.resize(h)
    paintPixels(image.canvas, digits[digit])
    paint(map.canvas, out, strongest*h*w, Math.max(...out.map(Math.abs), 1e-6))
    map.title.textContent = `Move over map ${strongest + 1}, ${h} × ${w}`
    facts.textContent = `${layerTitle(l)}: ${layerFacts(l, network.fields[layer])}.`
    show(...map.at)
  }
  root.append(el('div', {className: 'tools'}, digitChoice(i => { digit = i; again() })), range('Layer', 0, some.length - 1, 0, i => `${some[i] + 1} of ${network.layers.length}`, i => { layer = some[i]; again() }), facts,
    el('div', {className: 'panes'}, image.node, map.node, el('div', {className: 'pane wide'}, text)))
  root.querySelector('select').value = digit
  again()
}

// Lesson 8: what may change in a digit and leave it the same?
function turnDigit() {
  let digit = 6
  const how = {angle: 0, right: 0, down: 0, noise: 0}, image = new Screen('What the network sees', SIDE, 'The changed digit'), bars = new Bars('', network.classes, 'a'), text = el('p', {className: 'big', role: 'status'})
  function again() {
    const pixels = changed(digits[digit], how), probs = network.predict(pixels), best = probs.indexOf(Math.max(...probs))
    paintPixels(image.canvas, pixels)
    bars.show(probs)
    text.textContent = `It says ${network.classes[best]}, ${percent(probs[best])} sure.`
  }
  const dial = (name, label, low, high, write, scale = 1) => range(label, low, high, 0, write, v => { how[name] = v*scale; again() })
  root.append(el('div', {className: 'tools'}, digitChoice(i => { digit = i; again() })),
    el('div', {className: 'sliders'}, dial('angle', 'Turn', -180, 180, v => `${v}°`), dial('right', 'Move right', -8, 8, v => plural(v, 'pixel')), dial('down', 'Move down', -8, 8, v => plural(v, 'pixel')), dial('noise', 'Noise', 0, 20, v => `± ${5*v} %`, 0.05)),
    el('div', {className: 'panes'}, image.node, el('div', {className: 'pane wide'}, text, bars.node)))
  root.querySelector('select').value = digit
  again()
}

// Lesson 13: the same weights, applied again to what they gave.
function showPasses() {
  let digit = 7, channel = 0
  const shared = network.layers.flatMap((l, i) => l.same === null ? [] : [l.same])
  const last = Math.max(...shared), passes = network.layers.flatMap((l, i) => i === last || l.same === last ? [i] : [])
  const screens = passes.map((i, k) => new Screen(`Pass ${k + 1}, ${times(network.layers[i].shape.slice(1))}`, network.layers[i].shape[1], `Map after pass ${k + 1}`)), image = new Screen('The image', SIDE, 'The image'), text = el('p', {className: 'hint'})
  const strength = c => Math.min(...passes.map(i => { const [n, h, w] = network.layers[i].shape; return Math.max(...network.outs[i].subarray(c*h*w, (c + 1)*h*w))/Math.max(...network.outs[i]) }))
  function again() {
    const outs = network.run(digits[digit])
    paintPixels(image.canvas, digits[digit])
    passes.forEach((i, k) => { const [, h, w] = network.layers[i].shape; paint(screens[k].canvas, outs[i], channel*h*w, Math.max(...outs[i], 1e-6)) })
    const field = passes.map(i => times(network.fields[i].size))
    text.textContent = `Channel ${channel + 1} after each pass. The weights are the same each time, and one number sees ${field.slice(0, -1).join(', then ')}, and at last ${field.at(-1)} pixels.`
  }
  network.run(digits[digit])
  channel = Array.from({length: network.layers[last].shape[0]}, (_, c) => strength(c)).reduce((best, v, c, all) => v > all[best] ? c : best, 0) // One that speaks in every pass
  root.append(el('div', {className: 'tools'}, digitChoice(i => { digit = i; again() })), range('Channel', 1, network.layers[last].shape[0], channel + 1, String, v => { channel = v - 1; again() }),
    el('div', {className: 'panes'}, image.node, ...screens.map(s => s.node)), text)
  root.querySelector('select').value = digit
  again()
}

// Lesson 15: how few bits may a weight have?
function roundWeights() {
  const text = el('p', {className: 'big', role: 'status'}), more = el('p', {className: 'hint'}), measure = new Measure(told.network), n = digits.length
  const first = network.layers.findIndex(l => l.kind === 'conv'), {shape, how: {ks}} = network.layers[first], kernels = Array.from({length: shape[0]}, () => el('canvas', {width: ks[1], height: ks[0]}))
  async function again(bits) {
    network.setBits(bits > 8 ? 32 : bits)
    const w = network.weights[first], each = w.length/kernels.length
    kernels.forEach((k, i) => paint(k, w, i*each, Math.max(...w.map(Math.abs))))
    const done = await measure.count(digits, told.labels, {muted: [], bits: bits > 8 ? 32 : bits, change: {}})
    if (!done) return
    text.textContent = `${(100*done.right/n).toFixed(1)} % of ${n} digits are right`
    const size = network.params*(bits > 8 ? 32 : bits)/8000
    more.textContent = `${network.params.toLocaleString('en')} weights of ${bits > 8 ? 32 : bits} bits are ${size.toFixed(1)} kB. Each output channel has a scale of its own.`
  }
  root.append(range('Bits per weight', 2, 9, 9, v => v > 8 ? '32, as trained' : `${v} bits`, again), el('div', {className: 'kernels', role: 'img', ariaLabel: 'The first kernels of the network as pictures'}, ...kernels), el('p', {className: 'hint', textContent: 'The kernels of the first layer'}), text, more)
  again(9)
}

unpacked(told.pixels).then(bytes => {
  digits = told.labels.map((_, i) => bytes.subarray(PIXELS*i, PIXELS*(i + 1)))
  ;({dragKernel, exploreField, turnDigit, showPasses, roundWeights})[told.piece]()
  document.documentElement.dataset.ready = 'true'
})
