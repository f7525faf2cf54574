// The drawing pad: strokes by finger, pen, mouse or keyboard, and pictures that are dropped, pasted or chosen.

const PAD = 280 // Pixels of the drawing that is prepared; the screen may show it larger

// An element with properties and children; text is always text.
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('aria')) node.setAttribute(`aria-${name.slice(4).toLowerCase()}`, value)
    else if (name in node) node[name] = value
    else node.setAttribute(name, value)
  }
  node.append(...children.filter(c => c !== null && c !== undefined))
  return node
}

const byId = id => document.getElementById(id)
const say = text => { byId('live').textContent = text }

class Pad {
  constructor(box, change) {
    Object.assign(this, {lines: [], width: 0.09, pen: 0.09, example: false, change, cursor: [0.5, 0.5], down: false, keyed: false})
    this.canvas = el('canvas', {id: 'pad', width: 2*PAD, height: 2*PAD, tabIndex: 0, role: 'application', ariaLabel: 'Drawing pad', ariaDescribedBy: 'pad-help'})
    this.empty = el('p', {className: 'empty', textContent: 'Draw here'})
    this.note = el('p', {className: 'example', textContent: 'An example: draw here, and it goes away'})
    box.append(this.canvas, this.empty, this.note)
    this.canvas.addEventListener('pointerdown', e => this.start(e))
    this.canvas.addEventListener('pointermove', e => this.move(e))
    for (const name of ['pointerup', 'pointercancel']) this.canvas.addEventListener(name, () => { this.drawing = false })
    this.canvas.addEventListener('keydown', e => this.key(e))
    this.canvas.addEventListener('blur', () => { this.keyed = this.down = false; this.show() })
    this.clear()
  }

  clear() { this.set([], this.pen) }

  set(lines, width = this.width, example = false) { // Another drawing; an example goes away with the first stroke
    Object.assign(this, {lines, width, example, ink: drawLines(lines, width, PAD)})
    this.show()
  }

  undo() { this.set(this.lines.slice(0, -1)); this.change() }

  at(e) { // A place on the pad, from 0 to 1
    const r = this.canvas.getBoundingClientRect(), clip = v => Math.min(1, Math.max(0, v))
    return [clip((e.clientX - r.left)/r.width), clip((e.clientY - r.top)/r.height)]
  }

  start(e) {
    if (e.button) return
    this.canvas.setPointerCapture?.(e.pointerId)
    Object.assign(this, {drawing: true, keyed: false})
    this.begin(this.at(e))
    this.change()
  }

  move(e) {
    if (!this.drawing) return
    for (const each of e.getCoalescedEvents?.().length ? e.getCoalescedEvents() : [e]) this.extend(this.at(each))
    this.change()
  }

  begin(p) {
    if (this.example) this.set([], this.pen)
    this.lines.push([])
    this.extend(p)
  }

  extend(p) {
    const line = this.lines.at(-1), last = line.at(-1) ?? p
    if (line.length && Math.hypot(p[0] - last[0], p[1] - last[1]) < 0.008) return
    line.push(p)
    drawLine(this.ink, last, p, this.width)
    if (line.length > 1 && !this.keyed) this.trace([last, p])
    else this.show()
  }

  trace(line) { // One line of a drawing, onto what is there
    const c = this.canvas.getContext('2d'), n = 2*PAD
    Object.assign(c, {strokeStyle: '#f4f1e8', lineCap: 'round', lineJoin: 'round', lineWidth: this.width*n})
    c.beginPath()
    line.forEach(([x, y]) => c.lineTo(x*n, y*n))
    if (line.length === 1) c.lineTo(line[0][0]*n, line[0][1]*n + 0.1)
    c.stroke()
  }

  key(e) {
    const step = (e.shiftKey ? 5 : 1)*0.025, move = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step]}[e.key]
    if (move) {
      this.cursor = this.cursor.map((v, i) => Math.min(1, Math.max(0, v + move[i])))
      if (this.down) { this.extend(this.cursor); this.change() }
    } else if (e.key === ' ' || e.key === 'Enter') {
      this.down = !this.down
      say(this.down ? 'Pen down' : 'Pen up')
      if (this.down) { this.begin(this.cursor); this.change() }
    } else if (e.key === 'Backspace') this.undo()
    else return
    e.preventDefault()
    this.keyed = true
    this.show()
  }

  show() {
    const c = this.canvas.getContext('2d'), n = 2*PAD
    c.fillStyle = '#0a0d13'; c.fillRect(0, 0, n, n)
    for (const line of this.lines) this.trace(line)
    this.empty.hidden = this.lines.length > 0 || this.keyed
    this.note.hidden = !this.example
    if (!this.keyed) return
    const [x, y] = this.cursor.map(v => v*n)
    c.beginPath(); c.arc(x, y, 14, 0, 7); c.moveTo(x - 26, y); c.lineTo(x + 26, y); c.moveTo(x, y - 26); c.lineTo(x, y + 26)
    Object.assign(c, {lineWidth: 4, strokeStyle: this.down ? '#ffb454' : '#6fb6f2'})
    c.stroke()
  }
}

// The greys of a picture, on white where it is transparent, at most 512 pixels wide and high.
async function greysOf(file) {
  const picture = await createImageBitmap(file), scale = Math.min(1, 512/Math.max(picture.width, picture.height))
  const w = Math.max(1, Math.round(picture.width*scale)), h = Math.max(1, Math.round(picture.height*scale)), c = el('canvas', {width: w, height: h}).getContext('2d')
  c.imageSmoothingQuality = 'high'
  c.fillStyle = '#fff'; c.fillRect(0, 0, w, h)
  c.drawImage(picture, 0, 0, w, h)
  const rgba = c.getImageData(0, 0, w, h).data
  return {h, w, v: Float64Array.from({length: w*h}, (_, i) => (rgba[4*i]*19595 + rgba[4*i + 1]*38470 + rgba[4*i + 2]*7471 + 32768) >> 16)}
}

async function digitOf(file) { // The 28 x 28 pixels of a picture; an error with one sentence where there are none
  let grey
  try { grey = await greysOf(file) } catch { throw new Error(`${file.name || 'This'} is not a picture that can be read: choose a PNG or JPEG file.`) }
  return center(ink(grey))
}
