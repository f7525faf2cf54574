// What a network gives, shown: the answers as bars, and every channel of every layer as a small map.

const KINDS = {conv: 'Convolution', linear: 'Linear layer', scale: 'Normalization', relu: 'ReLU', max: 'Max pooling', avg: 'Average pooling', gap: 'Global average', flatten: 'Flatten'}
const times = pair => `${pair[0]} × ${pair[1]}`
const plural = (n, word) => `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`
const percent = p => p > 0.9995 ? '> 99.9 %' : `${(100*p).toFixed(p < 0.0005 ? 0 : 1)} %`

function layerTitle(l) {
  const groups = l.how.groups, deep = l.kind === 'conv' && groups > 1 ? (groups === l.shape[0] ? 'Depthwise convolution' : `Convolution in ${groups} groups`) : KINDS[l.kind]
  return `${deep}${l.how.ks ? ` ${times(l.how.ks)}` : ''}${l.relu ? ', ReLU' : ''}`
}

// What a layer is, in a line; `same` names the layer whose weights it shares.
function layerFacts(l, field) {
  const [n, h, w] = l.shape, size = h*w > 1 ? `${plural(n, 'map')} of ${h} × ${w}` : plural(n, 'value')
  const params = l.same !== null ? `the weights of layer ${l.same + 1}${l.params ? ` and ${plural(l.params, 'parameter')}` : ''}` : l.params ? plural(l.params, 'parameter') : 'no parameters'
  return `${size} · ${params} · each sees ${field.size.every(s => s >= SIDE) ? 'the whole image' : `${times(field.size)} pixels`}`
}

// From a value between -1 and 1 to a color, four bytes as one number: blue below zero, black, orange to white above.
const COLORS = Uint32Array.from({length: 511}, (_, i) => {
  const v = (i - 255)/255, up = Math.sqrt(Math.max(0, v)), down = Math.sqrt(Math.max(0, -v))
  const [r, g, b] = v < 0 ? [10 + 40*down, 13 + 130*down, 19 + 236*down] : [10 + 245*Math.min(1, 1.15*up), 13 + 235*up**1.25, 19 + 200*up**2.6]
  return (255 << 24 | Math.min(255, Math.round(b)) << 16 | Math.min(255, Math.round(g)) << 8 | Math.min(255, Math.round(r))) >>> 0
})

// The pixels of a small canvas that is painted again and again: kept with it, in memory, where writing is quick.
function pictureOf(canvas) {
  if (!canvas.picture) {
    const c = canvas.getContext('2d', {willReadFrequently: true}), picture = c.createImageData(canvas.width, canvas.height), pixels = new Uint32Array(picture.data.buffer)
    canvas.picture = {pixels, show: () => c.putImageData(picture, 0, 0)}
  }
  return canvas.picture
}

function paint(canvas, values, from, top) {
  const {pixels, show} = pictureOf(canvas), scale = 255/top
  for (let i = 0; i < pixels.length; i++) pixels[i] = COLORS[255.5 + scale*values[from + i] | 0] ?? COLORS[255]
  show()
}

function paintPixels(canvas, pixels) { // 784 values from 0 to 255
  const {pixels: out, show} = pictureOf(canvas)
  for (let i = 0; i < PIXELS; i++) out[i] = (255 << 24 | pixels[i]*0x10101) >>> 0
  show()
}

class Bars { // The probabilities of one network
  constructor(name, classes, side) {
    this.rows = classes.map(label => {
      const fill = el('div', {className: 'fill'}), number = el('span', {textContent: '–'})
      return {fill, number, node: el('div', {className: 'bar'}, el('span', {textContent: label}), el('div', {className: 'rail'}, fill), number)}
    })
    this.node = el('div', {className: `bars ${side}`}, name && el('p', {textContent: name}), ...this.rows.map(r => r.node))
    this.show(null)
  }

  show(probs) {
    const best = probs ? probs.indexOf(Math.max(...probs)) : -1
    this.rows.forEach(({fill, number, node}, i) => {
      fill.style.transform = `scaleX(${probs ? probs[i] : 0})`
      number.textContent = probs ? percent(probs[i]) : '–'
      node.classList.toggle('best', i === best)
    })
  }
}

class NetView { // The layers of one network
  constructor(net, name, {mute, point}) {
    Object.assign(this, {net, name, mute, point, maps: []})
    this.node = el('section', {className: 'card', ariaLabel: `Layers of ${name}`}, el('h2', {textContent: name}))
    net.layers.forEach((l, i) => this.addLayer(l, i))
  }

  addLayer(l, i) {
    const group = el('div', {className: 'maps', role: 'group', ariaLabel: `Layer ${i + 1}, ${layerTitle(l)}`})
    const head = el('div', {}, el('h3', {textContent: `${i + 1}. ${layerTitle(l)}`}), el('p', {className: 'facts', textContent: layerFacts(l, this.net.fields[i])}))
    this.maps[i] = Array.from({length: l.shape[0]}, (_, c) => this.addMap(group, l, i, c))
    this.maps[i][0].button.tabIndex = 0
    group.addEventListener('keydown', e => this.key(e, i))
    this.node.append(el('section', {className: 'layer', ariaLabel: `Layer ${i + 1} of ${this.name}`}, head, group))
  }

  addMap(group, l, i, c) {
    const [n, h, w] = l.shape, single = h*w === 1, canvas = el('canvas', {width: w, height: h}), last = i === this.net.layers.length - 1
    const label = single ? el('small') : null
    const button = el('button', {type: 'button', tabIndex: -1, className: `map${single ? ` value${last ? ' answer' : ''}` : n > 24 ? ' small' : ''}`, ariaPressed: 'false', ariaLabel: `${last ? this.net.classes[c] : `Map ${c + 1}`}, mute`}, canvas, label)
    const place = e => { const r = canvas.getBoundingClientRect(), f = (v, a, s, m) => Math.max(0, Math.min(m - 1, Math.floor((v - a)/s*m))); return [f(e.clientY, r.top, r.height, h), f(e.clientX, r.left, r.width, w)] }
    button.addEventListener('pointermove', e => this.point(this, i, c, ...place(e)))
    button.addEventListener('click', e => {
      if (e.pointerType === 'touch') this.point(this, i, c, ...place(e))
      else this.mute(this, i, c)
      this.rove(i, c)
    })
    button.addEventListener('focus', () => { if (button.matches(':focus-visible')) this.point(this, i, c, h >> 1, w >> 1) })
    group.append(button)
    return {button, canvas, label, prefix: last ? `${this.net.classes[c]}: ` : ''}
  }

  rove(i, c) { this.maps[i].forEach((m, k) => { m.button.tabIndex = k === c ? 0 : -1 }) }

  key(e, i) { // Arrows choose a map, with Shift a pixel of it
    const c = this.maps[i].findIndex(m => m.button === document.activeElement), [n, h, w] = this.net.layers[i].shape
    const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[e.key]
    if (c < 0 || !step) return
    e.preventDefault()
    if (e.shiftKey) {
      const [y, x] = this.pixel && this.pixel[0] === i && this.pixel[1] === c ? this.pixel.slice(2) : [h >> 1, w >> 1]
      return this.point(this, i, c, Math.max(0, Math.min(h - 1, y + step[0])), Math.max(0, Math.min(w - 1, x + step[1])))
    }
    const next = (c + step[0] + step[1] + n) % n
    this.rove(i, next)
    this.maps[i][next].button.focus()
  }

  choose(i, c, y, x) { // Mark the map that is inspected
    this.node.querySelector('.chosen')?.classList.remove('chosen')
    this.pixel = i === null ? null : [i, c, y, x]
    if (i !== null) this.maps[i][c].button.classList.add('chosen')
  }

  show() {
    this.net.outs.forEach((out, i) => {
      const l = this.net.layers[i], size = l.shape[1]*l.shape[2]
      let top = 1e-6
      for (const v of out) top = Math.max(top, Math.abs(v))
      this.maps[i].forEach((m, c) => {
        paint(m.canvas, out, c*size, top)
        const text = m.label && `${m.prefix}${out[c].toFixed(1)}`
        if (m.label && m.label.textContent !== text) m.label.textContent = text
      })
    })
  }

  showMuted() {
    this.maps.forEach((maps, i) => maps.forEach((m, c) => { m.button.setAttribute('aria-pressed', this.net.muted.has(`${i}.${c}`)) }))
  }
}
