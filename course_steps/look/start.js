// Put the page together: sliders, samples, networks, and what listens to the learner.

function slider([name, [low, high, step, usual, label, write]]) {
  const input = el('input', {type: 'range', min: low, max: high, step, value: state[name], id: `dial-${name}`}), out = el('output', {textContent: write(state[name])})
  out.setAttribute('for', input.id)
  input.setAttribute('aria-valuetext', write(state[name]))
  input.addEventListener('input', () => {
    state[name] = Number(input.value)
    out.textContent = write(state[name])
    input.setAttribute('aria-valuetext', write(state[name]))
    if (name === 'bits') views.forEach(v => v.net.setBits(bits()))
    later()
  })
  return el('div', {className: 'slider'}, el('label', {htmlFor: input.id, textContent: label}), out, input)
}

function showSliders() {
  const reset = el('button', {type: 'button', id: 'reset', textContent: 'Mend everything'})
  reset.addEventListener('click', () => {
    for (const [name, dial] of Object.entries(DIALS)) state[name] = dial[3]
    state.mute = state.mute2 = ''
    views.forEach(v => { v.net.muted.clear(); v.net.setBits(32); v.showMuted() })
    showSliders()
    byId('reset').focus()
    later()
  })
  byId('sliders').replaceChildren(...Object.entries(DIALS).map(slider), el('div', {}, reset))
}

// Build the views of the networks that are chosen.
function showNetworks() {
  const chosen = [state.net, state.beside].filter(n => n !== null)
  pointed = null
  inspector.clear()
  views = chosen.map((n, i) => {
    const net = new Network(data.networks[n])
    net.setBits(bits())
    for (const key of (state[i ? 'mute2' : 'mute'] || '').split(',')) {
      const [l, c] = key.split('.').map(Number)
      if (c < net.layers[l]?.shape[0]) net.muted.add(key)
    }
    const view = new NetView(net, net.title, {mute, point})
    view.showMuted()
    return view
  })
  measures = chosen.map(n => new Measure(data.networks[n]))
  bars = views.map(({net}, i) => new Bars(views.length > 1 ? net.title.split(':')[0] : '', net.classes, i ? 'b' : 'a'))
  byId('bars').replaceChildren(...bars.map(b => b.node))
  byId('nets').replaceChildren(...views.map(v => v.node))
  byId('scores').replaceChildren(...(samples ? views.map((v, i) => scoreBox(v, i, measures[i])) : [el('p', {textContent: 'There are no test images in this page.'})]))
  showTitle(views[0].net)
  byId('other-data').hidden = !samples || samples.name !== 'digits' || views.every(v => v.net.data === 'digits')
  later()
}

function showTitle(net) {
  byId('title').textContent = `See inside ${net.title}`
  showTrust(net)
  byId('about').textContent = `${plural(net.params, 'parameter')} in ${plural(net.layers.length, 'layer')}. ${net.about}`
  byId('evidence-box').hidden = !net.evidence(0)
  byId('evidence-for').replaceChildren(el('option', {value: '', textContent: 'its answer'}), ...net.classes.map((name, i) => el('option', {value: i, textContent: name})))
}

// What "not sure" means, and how often it was said when that was measured.
function showTrust({unsure, floor}) {
  const rule = `"Not sure" is said where the answer has less than ${100*data.sure} %${floor == null ? '' : ', or where the strongest value before softmax is lower than for 98 of 100 training digits'}.`
  const rates = unsure && ` For this network, that is so for ${unsure.unsure_test.toFixed(1)} % of the test digits, ${unsure.unsure_drawn.toFixed(1)} % of digits drawn for this test, and ${unsure.unsure_strange.toFixed(1)} % of letters, signs and scribbles; of the rest of these it is sure, and wrong.`
  byId('trust').textContent = rule + (rates ?? '')
}

function showChoices() {
  const options = () => data.networks.map((n, i) => el('option', {value: i, textContent: n.title}))
  byId('first').append(...options())
  byId('second').append(el('option', {value: '', textContent: 'nothing'}), ...options())
  byId('choose').hidden = data.networks.length < 2
  for (const [id, name, muted] of [['first', 'net', 'mute'], ['second', 'beside', 'mute2']]) {
    byId(id).value = state[name] ?? ''
    byId(id).addEventListener('change', e => { state[name] = e.target.value === '' ? null : Number(e.target.value); state[muted] = ''; showNetworks() })
  }
}

function thumb(im, name, press) {
  const canvas = el('canvas', {width: SIDE, height: SIDE}), button = el('button', {type: 'button', className: 'thumb', ariaLabel: name, title: name, ariaPressed: 'false'}, canvas)
  paintPixels(canvas, im)
  button.addEventListener('click', () => { note = ''; press(); pressed(button); later(true) })
  return button
}

function pressed(button) {
  document.querySelectorAll('.thumb[aria-pressed="true"]').forEach(b => { b.setAttribute('aria-pressed', 'false') })
  button?.setAttribute('aria-pressed', 'true')
}

function takeSample(i) {
  pixels = images[i]
  Object.assign(state, {sample: i, drawing: null})
  pad.clear()
}

function takeDrawing(d, i) { // The position counts those that are no digits after the digits
  pixels = null
  Object.assign(state, {sample: null, drawing: i})
  pad.set(d.lines.map(l => [...l]), d.width, true)
}

function showSamples() {
  const row = (title, buttons) => buttons.length ? el('div', {className: 'row'}, el('h3', {textContent: title}), el('div', {className: 'thumbs'}, ...buttons)) : null
  const of = (i, more = '') => thumb(images[i], `${samples.classes[samples.labels[i]]}${more}`, () => takeSample(i)), rows = []
  if (samples) {
    const firsts = samples.classes.flatMap((_, k) => samples.labels.slice(0, samples.count).flatMap((l, i) => l === k ? [i] : []).slice(0, 2))
    const extra = why => samples.why.flatMap((w, i) => w === why ? [samples.count + i] : [])
    rows.push(row('Test images', firsts.map(i => of(i))), row(`${data.networks[0].title.split(':')[0]} gets these wrong`, extra('hard').map(i => of(i, `, number ${samples.places[i]} of the test set`))),
      row('Wrong labels', extra('label').map(i => of(i, `, as the label says, number ${samples.places[i]} of the test set`))))
  }
  const few = [...Array(10).keys()].flatMap(k => { // Two of each digit, and all styles
    const mine = drawings.flatMap((d, i) => d.label === k ? [i] : [])
    return mine.length ? [mine[k % 12], mine[12 + 7*k % 24]] : []
  })
  const drawn = (d, name, i) => thumb(pixelsOf(d), name, () => takeDrawing(d, i))
  rows.push(row('Drawings', few.map(i => drawn(drawings[i], `${drawings[i].label}, ${drawings[i].style}`, i))), row('Not digits', strange.map((d, i) => drawn(d, d.label, drawings.length + i))))
  byId('samples').replaceChildren(...rows.filter(Boolean))
}

async function takePicture(file) {
  try { pixels = await digitOf(file); note = ''; Object.assign(state, {sample: null, drawing: null}); pad.clear(); pressed(null) }
  catch (e) { note = e.message }
  later(true)
}

// Keep the state in the address, where the page has one.
function keep() {
  const hash = toHash({...state, draw: state.sample === null && state.drawing === null && pad.lines.length ? pad.lines : null, pen: pad.lines.length && pad.width !== 0.09 ? pad.width : null})
  try { history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search) } catch { /* In a notebook the page has no address */ }
}

function listen() {
  byId('pen').addEventListener('input', e => { pad.pen = Number(e.target.value)/100; pad.set(pad.lines, pad.pen, pad.example); later(true) })
  byId('undo').addEventListener('click', () => pad.undo())
  byId('clear').addEventListener('click', () => { pad.clear(); pad.change() })
  byId('file').addEventListener('change', e => { if (e.target.files[0]) takePicture(e.target.files[0]); e.target.value = '' })
  addEventListener('paste', e => { const file = [...e.clipboardData.files][0]; if (file) takePicture(file) })
  for (const name of ['dragover', 'drop']) addEventListener(name, e => { e.preventDefault(); if (e.dataTransfer.files[0]) takePicture(e.dataTransfer.files[0]) })
  for (const id of ['evidence', 'evidence-for']) byId(id).addEventListener('change', () => later(true))
  addEventListener('keydown', e => { if (e.key === 'Escape' && pointed) inspector.close() })
}

// For people who script the page: ten probabilities for 784 numbers from 0 to 255, light on black, row by row.
window.courseSteps = {
  predict(values) {
    const all = Array.from(values ?? [], Number)
    if (all.length !== PIXELS || !all.every(v => v >= 0 && v <= 255)) throw new RangeError('predict takes 784 numbers from 0 to 255, row by row, light on black.')
    const m = window.courseSteps.own ??= {}
    m[state.net] ??= new Network(data.networks[state.net])
    return m[state.net].predict(all)
  },
}

async function start() {
  showChoices()
  showSliders()
  listen()
  const read = async text => !text?.length ? [] : JSON.parse(new TextDecoder().decode(await unpacked(text))).map(d => ({...d, lines: lines(d.lines)}))
  ;[drawings, strange] = await Promise.all([read(data.drawings), read(data.strange)])
  if (samples) {
    const bytes = await unpacked(samples.pixels)
    images = samples.labels.map((_, i) => bytes.subarray(PIXELS*i, PIXELS*(i + 1)))
  }
  showSamples()
  const all = [...drawings, ...strange], first = drawings.findIndex(d => d.label === 7)
  if (images[state.sample]) takeSample(state.sample)
  else if (all[state.drawing]) {
    takeDrawing(all[state.drawing], state.drawing)
    if (state.pen) pad.set(pad.lines, state.pen, true)
  }
  else if (state.draw) pad.set(state.draw, state.pen ?? pad.width)
  else if (drawings.length) takeDrawing(drawings[first], first)
  if (state.draw) pad.pen = pad.width
  byId('pen').value = Math.round(100*pad.pen)
  showNetworks()
  document.documentElement.dataset.ready = 'true'
}

start()
