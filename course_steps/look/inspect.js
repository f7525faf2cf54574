// One number of one map, and the sum that it comes from.

const shown = v => (Math.abs(v) >= 100 ? v.toFixed(0) : v.toFixed(2)).replace('-0.00', '0.00')

// The numbers behind an output: [{name, value, patch, kernel, h, w}] of each input channel, largest first, and the bias.
function partsOf(net, i, c, y, x) {
  const l = net.layers[i], [, H, W] = net.shapes[i], input = i ? net.outs[i - 1] : net.input, w = net.weights[i], {ks, stride, padding, dilation, groups} = l.how
  const from = i ? k => `map ${k + 1}` : () => 'image'
  if (l.kind === 'linear') return Array.from(input, (v, k) => ({name: `value ${k + 1}`, value: v*w[c*input.length + k], patch: [v], kernel: [w[c*input.length + k]], h: 1, w: 1}))
  if (l.kind === 'scale') return [{name: from(c), value: input[(c*H + y)*W + x]*w[c], patch: [input[(c*H + y)*W + x]], kernel: [w[c]], h: 1, w: 1}]
  if (l.kind !== 'conv') return []
  const each = net.shapes[i][0]/groups, first = Math.floor(c/(l.shape[0]/groups))*each
  return Array.from({length: each}, (_, k) => {
    const patch = windowOf(input, (first + k)*H*W, H, W, l.how, y, x), kernel = w.slice((c*each + k)*ks[0]*ks[1], (c*each + k + 1)*ks[0]*ks[1])
    return {name: from(first + k), value: patch.reduce((a, v, n) => a + v*kernel[n], 0), patch, kernel, h: ks[0], w: ks[1]}
  })
}

// The values under a kernel; 0 beside the image.
function windowOf(input, from, H, W, {ks, stride, padding, dilation}, y, x) {
  return Array.from({length: ks[0]*ks[1]}, (_, n) => {
    const r = y*stride[0] - padding[0] + Math.floor(n/ks[1])*dilation[0], s = x*stride[1] - padding[1] + (n % ks[1])*dilation[1]
    return r >= 0 && r < H && s >= 0 && s < W ? input[from + r*W + s] : 0
  })
}

function gridOf(title, values, w, top = -1) {
  const rows = Array.from({length: values.length/w}, (_, r) => el('tr', {}, ...Array.from(values.slice(r*w, r*w + w), (v, k) => el('td', {className: r*w + k === top ? 'top' : '', textContent: shown(v)}))))
  return el('table', {}, el('caption', {textContent: title}), el('tbody', {}, ...rows))
}

function listOf(parts) {
  const top = Math.max(...parts.map(p => Math.abs(p.value)), 1e-9)
  return el('ul', {className: 'parts'}, ...parts.map(p => {
    const half = 50*Math.abs(p.value)/top, fill = el('i', {className: p.value < 0 ? 'minus' : ''})
    Object.assign(fill.style, {left: `${p.value < 0 ? 50 - half : 50}%`, width: `${half}%`})
    return el('li', {}, el('span', {textContent: p.name}), el('div', {className: 'rail'}, fill), el('span', {textContent: shown(p.value)}))
  }))
}

function fieldPicture([top, left, bottom, right]) { // The image, small, with what an output looks at
  const canvas = el('canvas', {className: 'field', width: 84, height: 84, role: 'img', ariaLabel: 'The image with the pixels that count marked'}), c = canvas.getContext('2d')
  c.imageSmoothingEnabled = false
  c.drawImage(byId('sees'), 0, 0, 84, 84)
  Object.assign(c, {strokeStyle: '#ffb454', lineWidth: 2})
  c.strokeRect(3*left + 1, 3*top + 1, 3*(right - left) - 2, 3*(bottom - top) - 2)
  return canvas
}

class Inspector {
  constructor(box, aside, mute) {
    Object.assign(this, {box, aside, mute})
    this.clear()
  }

  clear() {
    this.aside.classList.remove('open')
    this.box.replaceChildren(el('p', {className: 'hint', textContent: 'Point at a pixel of any map: here you see the number, the kernel and the sum that made it, and how far it looks on the image.'}),
      el('p', {className: 'hint', textContent: 'Click a map to mute it. By keyboard: Tab goes from layer to layer, arrows choose a map, Shift with arrows a pixel, Space mutes, Escape closes.'}))
  }

  show(view, i, c, y, x, read = false) {
    const {net} = view, l = net.layers[i], [n, H, W] = l.shape, value = net.outs[i][(c*H + y)*W + x], parts = partsOf(net, i, c, y, x)
    const name = i === net.layers.length - 1 ? `the ${net.classes[c]}` : H*W > 1 ? `map ${c + 1}, row ${y + 1}, column ${x + 1}` : `value ${c + 1}`
    const muted = net.muted.has(`${i}.${c}`), box = fieldOf(net.fields[i], y, x)
    this.aside.classList.add('open')
    const buttons = el('div', {className: 'tools'}, el('button', {type: 'button', textContent: muted ? 'Unmute this map' : 'Mute this map', onclick: () => this.mute(view, i, c)}),
      el('button', {type: 'button', textContent: 'Close', onclick: () => this.close()}))
    this.box.replaceChildren(fieldPicture(box),
      el('p', {}, `Layer ${i + 1}, ${name}: `, el('strong', {textContent: muted ? '0, muted' : shown(value)})),
      el('p', {className: 'facts', textContent: `${layerTitle(l)}. It looks at rows ${box[0] + 1} to ${box[2]} and columns ${box[1] + 1} to ${box[3]} of the image.`}),
      ...this.reasons(net, l, i, c, y, x, parts, value), buttons)
    if (read) say(`Layer ${i + 1}, ${name}: ${shown(value)}`)
    return box
  }

  close() { this.clear(); this.closed?.() }

  reasons(net, l, i, c, y, x, parts, value) {
    const [, H, W] = net.shapes[i], input = i ? net.outs[i - 1] : net.input
    if (l.kind === 'gap') return [el('p', {textContent: `The average of the ${H*W} numbers of map ${c + 1} of the layer above.`})]
    if (l.kind === 'max' || l.kind === 'avg') {
      const patch = windowOf(input, c*H*W, H, W, l.how, y, x), top = l.kind === 'max' ? patch.indexOf(Math.max(...patch)) : -1
      return [el('div', {className: 'grids'}, gridOf(l.kind === 'max' ? 'The largest of' : 'The average of', patch, l.how.ks[1], top))]
    }
    if (!parts.length) return [el('p', {textContent: l.kind === 'relu' ? 'The number above it, or 0 if that is less.' : 'The number of the layer above it, unchanged.'})]
    const sum = parts.reduce((a, p) => a + p.value, 0), all = sum + l.bias[c], best = [...parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    const line = `${parts.length > 1 ? `Sum of ${parts.length} parts ` : ''}${shown(sum)} + bias ${shown(l.bias[c])} = ${shown(all)}${l.relu ? `, after ReLU ${shown(Math.max(0, all))}` : ''}`
    const {name, patch, kernel, h, w} = best[0], grids = h*w > 1 && w <= 5
    return [el('p', {className: 'sum', textContent: line}),
      grids && el('div', {className: 'grids'}, gridOf(`${parts.length > 1 ? `Largest part: ${name}` : name}`, patch, w), '×', gridOf('kernel', kernel, w), el('span', {textContent: `= ${shown(best[0].value)}`})),
      parts.length > 1 && listOf(best.slice(0, 8)),
      best.length > 8 && el('p', {className: 'facts', textContent: `and ${best.length - 8} smaller parts`})].filter(Boolean)
  }
}
