// A network without PyTorch: what course_steps.look.trace wrote down is computed here, in plain loops over typed arrays.

const SIDE = 28, PIXELS = SIDE*SIDE

const bytesOf = text => Uint8Array.from(atob(text), c => c.charCodeAt(0))
const floatsOf = text => new Float32Array(bytesOf(text).buffer) // Little-endian, as every machine with a browser is

// The values of a layer as integers of some bits, one scale for each output channel, and back.
function rounded(weight, channels, bits) {
  const each = weight.length/channels, top = 2**(bits - 1) - 1, out = new Float32Array(weight.length)
  for (let c = 0; c < channels; c++) {
    let most = 0
    for (let i = c*each; i < (c + 1)*each; i++) most = Math.max(most, Math.abs(weight[i]))
    const scale = most/top || 1
    for (let i = c*each; i < (c + 1)*each; i++) out[i] = Math.round(weight[i]/scale)*scale
  }
  return out
}

// Of each layer: how many pixels of the image an output depends on (size), where the first one begins (start), how far neighbours are apart (jump).
function receptiveFields(layers) {
  let field = {size: [1, 1], start: [0, 0], jump: [1, 1], whole: false}, shape = [1, SIDE, SIDE]
  return layers.map(l => {
    const {ks, stride = [1, 1], padding = [0, 0], dilation = [1, 1]} = l.how
    const both = f => [f(0), f(1)]
    if (ks) field = {
      size: both(i => field.size[i] + (ks[i] - 1)*dilation[i]*field.jump[i]), start: both(i => field.start[i] - padding[i]*field.jump[i]),
      jump: both(i => field.jump[i]*stride[i]), whole: field.whole}
    if (l.kind === 'gap' || l.kind === 'linear') field = {
      size: both(i => field.size[i] + (shape[i + 1] - 1)*field.jump[i]), start: field.start, jump: [1, 1], whole: true}
    if (l.kind === 'flatten' && shape[1]*shape[2] > 1) field = {size: [SIDE, SIDE], start: [0, 0], jump: [1, 1], whole: true}
    shape = l.shape
    return field
  })
}

// The rows and columns of the image that an output pixel depends on, inside of the image: [top, left, bottom, right], the last ones excluded.
function fieldOf(field, y, x) {
  const from = i => field.start[i] + (field.whole ? 0 : [y, x][i]*field.jump[i]), clip = v => Math.max(0, Math.min(SIDE, v))
  return [clip(from(0)), clip(from(1)), clip(from(0) + field.size[0]), clip(from(1) + field.size[1])]
}

const sums = new Float64Array(1 << 16) // One channel while it is added up

// Add one channel of the input, times the kernel at w[at...], to sums.
function addChannel(l, x, from, [, h, wide], w, at) {
  const [, H, W] = l.shape, {ks: [kh, kw], stride: [sy, sx], padding: [py, px], dilation: [dy, dx]} = l.how
  for (let ky = 0; ky < kh; ky++) for (let i = 0; i < H; i++) {
    const y = i*sy + ky*dy - py
    if (y < 0 || y >= h) continue
    const row = from + y*wide - px, o = i*W, k = at + ky*kw
    for (let kx = 0; kx < kw; kx++) {
      const v = w[k + kx], first = Math.max(0, Math.ceil((px - kx*dx)/sx)), last = Math.min(W, Math.floor((wide - 1 + px - kx*dx)/sx) + 1)
      for (let j = first; j < last; j++) sums[o + j] += v*x[row + j*sx + kx*dx]
    }
  }
}

// The same for the usual kernel, 3 x 3, one pixel after the other, without a border: all nine products at once.
function addNine(H, W, x, from, wide, w, at) {
  const a = w[at], b = w[at + 1], c = w[at + 2], d = w[at + 3], e = w[at + 4], f = w[at + 5], g = w[at + 6], h = w[at + 7], k = w[at + 8]
  for (let i = 0; i < H; i++) {
    let p = from + i*wide, q = p + wide, r = q + wide
    for (let o = i*W, end = o + W; o < end; o++, p++, q++, r++)
      sums[o] += a*x[p] + b*x[p + 1] + c*x[p + 2] + d*x[q] + e*x[q + 1] + f*x[q + 2] + g*x[r] + h*x[r + 1] + k*x[r + 2]
  }
}

// Add all channels of a 1 x 1 convolution, four at a time.
function addPoints(x, from, count, size, w, at) {
  let c = 0
  for (; c + 3 < count; c += 4) {
    const a = w[at + c], b = w[at + c + 1], d = w[at + c + 2], e = w[at + c + 3]
    const p = from + c*size, q = p + size, r = q + size, s = r + size
    for (let i = 0; i < size; i++) sums[i] += a*x[p + i] + b*x[q + i] + d*x[r + i] + e*x[s + i]
  }
  for (; c < count; c++) for (let i = 0, v = w[at + c], p = from + c*size; i < size; i++) sums[i] += v*x[p + i]
}

function convolve(l, x, shape, w, out) {
  const [nf, H, W] = l.shape, size = H*W, {ks, stride, padding, dilation, groups} = l.how
  const each = shape[0]/groups, plane = shape[1]*shape[2], kernel = ks[0]*ks[1]
  const plain = stride[0]*stride[1]*dilation[0]*dilation[1] === 1 && padding[0] + padding[1] === 0
  const points = plain && kernel === 1, nine = plain && ks[0] === 3 && ks[1] === 3 && H === shape[1] - 2
  for (let o = 0; o < nf; o++) {
    const first = Math.floor(o/(nf/groups))*each
    sums.fill(l.bias[o], 0, size)
    if (points) addPoints(x, first*plane, each, size, w, o*each)
    else for (let c = 0; c < each; c++) {
      if (nine) addNine(H, W, x, (first + c)*plane, shape[2], w, (o*each + c)*9)
      else addChannel(l, x, (first + c)*plane, shape, w, (o*each + c)*kernel)
    }
    for (let i = 0, p = o*size; i < size; i++) out[p + i] = sums[i]
  }
}

function pool(l, x, [, h, wide], out) {
  const [C, H, W] = l.shape, {ks: [kh, kw], stride: [sy, sx], padding: [py, px], dilation: [dy, dx]} = l.how, max = l.kind === 'max'
  for (let c = 0, o = 0; c < C; c++) for (let i = 0; i < H; i++) for (let j = 0; j < W; j++, o++) {
    let v = max ? -Infinity : 0
    for (let ky = 0; ky < kh; ky++) for (let kx = 0; kx < kw; kx++) {
      const y = i*sy + ky*dy - py, z = j*sx + kx*dx - px
      if (y < 0 || y >= h || z < 0 || z >= wide) continue
      const a = x[(c*h + y)*wide + z]
      v = max ? Math.max(v, a) : v + a
    }
    out[o] = max ? v : v/(kh*kw)
  }
}

function average(x, [C, h, wide], out) {
  for (let c = 0, i = 0; c < C; c++) {
    let v = 0
    for (const end = i + h*wide; i < end; i++) v += x[i]
    out[c] = v/(h*wide)
  }
}

function multiply(l, x, w, out) {
  for (let o = 0, k = 0; o < out.length; o++) {
    let v = l.bias[o]
    for (let i = 0; i < x.length; i++, k++) v += w[k]*x[i]
    out[o] = v
  }
}

function scaleChannels(l, x, w, out) {
  for (let i = 0, size = l.shape[1]*l.shape[2]; i < out.length; i++) out[i] = x[i]*w[i/size | 0] + l.bias[i/size | 0]
}

function cutBelow(out) { for (let i = 0; i < out.length; i++) if (out[i] < 0) out[i] = 0 }

function softmax(logits) {
  const most = Math.max(...logits), e = Array.from(logits, v => Math.exp(v - most)), all = e.reduce((a, b) => a + b)
  return e.map(v => v/all)
}

class Network {
  constructor(net) { // One of the networks in the data of the page
    Object.assign(this, {title: net.title, params: net.params, classes: net.classes, stats: net.stats, about: net.about, data: net.data, floor: net.floor, unsure: net.unsure})
    const floats = floatsOf(net.floats)
    let at = 0
    const take = n => n ? floats.subarray(at, at += n) : null
    const raw = []
    this.layers = net.layers.map((l, i) => { // A block that is used again has its weights once, and a scale of its own
      raw[i] = l.same === null ? take(l.weight) : raw[l.same]
      const scale = take(l.scale), each = raw[i] && raw[i].length/l.shape[0]
      return {...l, weight: scale ? raw[i].map((v, k) => v*scale[k/each | 0]) : raw[i], bias: take(l.bias)}
    })
    this.shapes = [[1, SIDE, SIDE], ...this.layers.map(l => l.shape)] // shapes[i] goes into layer i
    this.outs = this.layers.map(l => new Float32Array(l.shape[0]*l.shape[1]*l.shape[2]))
    this.fields = receptiveFields(this.layers)
    this.muted = new Set() // 'layer.channel'
    this.input = new Float32Array(PIXELS)
    this.setBits(32)
  }

  setBits(bits) { // 32: as trained
    this.bits = bits
    this.weights = this.layers.map(l => l.weight && bits < 32 && l.kind !== 'scale' ? rounded(l.weight, l.shape[0], bits) : l.weight)
  }

  // What every layer gives for 784 pixels from 0 to 255; the arrays are used again for the next image.
  run(pixels) {
    const [mean, std] = this.stats
    for (let i = 0; i < PIXELS; i++) this.input[i] = (pixels[i]/255 - mean)/std
    let x = this.input
    this.layers.forEach((l, i) => {
      this.compute(l, x, this.shapes[i], this.weights[i], this.outs[i])
      if (l.relu || l.kind === 'relu') cutBelow(this.outs[i])
      if (this.muted.size) this.silence(i, this.outs[i])
      x = this.outs[i]
    })
    return this.outs
  }

  compute(l, x, shape, w, out) {
    if (l.kind === 'conv') convolve(l, x, shape, w, out)
    else if (l.kind === 'max' || l.kind === 'avg') pool(l, x, shape, out)
    else if (l.kind === 'gap') average(x, shape, out)
    else if (l.kind === 'linear') multiply(l, x, w, out)
    else if (l.kind === 'scale') scaleChannels(l, x, w, out)
    else out.set(x) // flatten, and ReLU before it cuts
  }

  silence(i, out) { // Muted channels are 0
    for (const name of this.muted) {
      const [layer, channel] = name.split('.').map(Number), size = out.length/this.layers[i].shape[0]
      if (layer === i) out.fill(0, channel*size, (channel + 1)*size)
    }
  }

  // Ten probabilities for 784 pixels.
  predict(pixels) { return softmax(this.run(pixels).at(-1)) }

  // A map of where the evidence for a class is, where a global average is followed by one layer: {values, shape, field}, or null.
  evidence(digit) {
    const gap = this.layers.findIndex(l => l.kind === 'gap'), rest = gap < 0 ? [] : this.layers.map((l, i) => i).slice(gap + 1)
    const heads = rest.filter(i => this.layers[i].kind !== 'flatten')
    if (gap < 1 || heads.length !== 1 || !this.weights[heads[0]] || this.layers[heads[0]].relu) return null
    const shape = this.shapes[gap], size = shape[1]*shape[2], w = this.weights[heads[0]], values = new Float32Array(size), x = this.outs[gap - 1]
    for (let c = 0; c < shape[0]; c++) for (let i = 0; i < size; i++) values[i] += w[digit*shape[0] + c]*x[c*size + i]
    return {values, shape, field: this.fields[gap - 1]}
  }
}
