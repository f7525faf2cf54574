// From strokes or a picture to the 28 x 28 pixels that a network sees: course_steps.pictures, number for number.

const nothing = 'There is nothing written on the picture.'

const even = v => { const r = Math.round(v); return Math.abs(v % 1) === 0.5 && r % 2 ? r - 1 : r } // Ties go to the even number, as in Python
const image = (h, w) => ({h, w, v: new Float64Array(h*w)})
const most = v => { let m = -Infinity; for (const x of v) if (x > m) m = x; return m }

function percentile(values, share) { // As numpy: between two values where it falls between them
  const sorted = Float64Array.from(values).sort(), at = share*(sorted.length - 1), low = Math.floor(at)
  return sorted[low] + (at - low)*((sorted[low + 1] ?? sorted[low]) - sorted[low])
}

// A line at a time, along rows or columns, through a function that gives a new line.
function eachLine(im, vertical, change) {
  const n = vertical ? im.h : im.w, step = vertical ? im.w : 1, lines = vertical ? im.w : im.h
  const line = new Float64Array(n)
  for (let l = 0; l < lines; l++) {
    const from = vertical ? l : l*im.w
    for (let i = 0; i < n; i++) line[i] = im.v[from + i*step]
    const changed = change(line)
    for (let i = 0; i < n; i++) im.v[from + i*step] = changed[i]
  }
  return im
}

const mirrored = (i, n) => { const k = ((i % (2*n)) + 2*n) % (2*n); return k < n ? k : 2*n - 1 - k } // d c b a | a b c d | d c b a

function minimum(size) { // Of a window along a line
  return line => {
    const n = line.length, out = new Float64Array(n), before = size >> 1, queue = new Int32Array(n + size), at = i => line[mirrored(i, n)]
    let head = 0, tail = 0
    for (let i = -before; i < n - before + size - 1; i++) {
      while (tail > head && at(queue[tail - 1]) >= at(i)) tail--
      queue[tail++] = i
      const o = i + before - size + 1
      if (queue[head] < o - before) head++
      if (o >= 0 && o < n) out[o] = at(queue[head])
    }
    return out
  }
}

function blurred(sigma) { // By a bell curve along a line
  const radius = Math.floor(4*sigma + 0.5), bell = Array.from({length: 2*radius + 1}, (_, i) => Math.exp(-0.5*((i - radius)/sigma)**2))
  const all = bell.reduce((a, b) => a + b)
  return line => {
    const n = line.length, wide = Float64Array.from({length: n + 2*radius}, (_, i) => line[mirrored(i - radius, n)])
    return line.map((_, i) => { let v = 0; for (let k = 0; k <= 2*radius; k++) v += bell[k]*wide[i + k]; return v/all })
  }
}

// The strokes of a picture whose values go from 0 to 255, without the paper behind them.
function ink(grey) {
  const {h, w, v} = grey, border = []
  for (let i = 0; i < w; i++) border.push(v[i], v[(h - 1)*w + i])
  for (let i = 0; i < h; i++) border.push(v[i*w], v[i*w + w - 1])
  const calm = {h, w, v: Float64Array.from(v)}               // Noise moves this less than ink of a few pixels does
  for (const vertical of [true, false]) eachLine(calm, vertical, line => line.map((x, i) => (line[mirrored(i - 1, line.length)] + x + line[mirrored(i + 1, line.length)])/3))
  const light = percentile(border, 0.5) > (calm.v.reduce((a, b) => Math.min(a, b)) + calm.v.reduce((a, b) => Math.max(a, b)))/2
  const strokes = {h, w, v: light ? v.map(x => 255 - x) : Float64Array.from(v)}, paper = {h, w, v: strokes.v.slice()}, longest = Math.max(h, w)
  for (const vertical of [true, false]) eachLine(paper, vertical, minimum(Math.max(3, Math.floor(longest/3))))
  if (paper.v.some(x => x)) for (const vertical of [true, false]) eachLine(paper, vertical, blurred(longest/12))
  return cleanStrokes({h, w, v: strokes.v.map((x, i) => Math.max(0, x - paper.v[i]))})
}

function otsu(v, scale) {
  const counts = new Float64Array(256)
  for (let i = 0; i < v.length; i++) counts[Math.min(255, v[i]*scale | 0)]++
  const total = v.length, all = counts.reduce((a, c, i) => a + c*i, 0)
  let below = 0, sum = 0, best = -1, at = 0
  counts.forEach((c, i) => {
    below += c; sum += c*i
    const between = below < total ? (all*below/total - sum)**2/(below*(total - below)) : 0
    if (between > best) { best = between; at = i }
  })
  return at + 1
}

function dilated(on, h, w, times) {
  let edge = []
  for (let i = 0; i < h*w; i++) if (on[i]) edge.push(i)
  for (; times > 0; times--) {
    const next = [], reach = i => { if (!on[i]) { on[i] = 1; next.push(i) } }
    for (const i of edge) {
      const x = i % w
      if (x) reach(i - 1)
      if (x < w - 1) reach(i + 1)
      if (i >= w) reach(i - w)
      if (i + w < h*w) reach(i + w)
    }
    edge = next
  }
  return on
}

function groupsOf(on, h, w) { // The number of its group for each pixel, 0 for none
  const group = new Int32Array(h*w), stack = []
  let n = 0
  const join = i => { if (on[i] && !group[i]) { group[i] = n; stack.push(i) } }
  for (let start = 0; start < h*w; start++) {
    if (!on[start] || group[start]) continue
    n++
    join(start)
    while (stack.length) {
      const i = stack.pop(), x = i % w
      if (x) join(i - 1)
      if (x < w - 1) join(i + 1)
      if (i >= w) join(i - w)
      if (i + w < h*w) join(i + w)
    }
  }
  return [group, n]
}

// Strokes on a ground that is 0 everywhere: what stands out, without specks.
function cleanStrokes(ground) {
  const top = most(ground.v)
  if (!(top >= 20)) throw new Error(nothing)
  const limit = otsu(ground.v, 255/top), {h, w, v} = cut(ground) // What lies around the strokes changes nothing below
  for (let i = 0; i < v.length; i++) v[i] *= 255/top
  const on = v.map(x => x > limit), wide = dilated(Uint8Array.from(on), h, w, Math.max(1, Math.floor(Math.max(ground.h, ground.w)/60)))
  const [group, n] = groupsOf(wide, h, w), sizes = new Float64Array(n + 1)
  if (!n) throw new Error(nothing)
  on.forEach((o, i) => { if (o) sizes[group[i]]++ })
  const largest = most(sizes)
  return {h, w, v: v.map((x, i) => group[i] && sizes[group[i]] > largest/8 ? Math.min(255, Math.max(0, (x - limit/2)*255/(255 - limit/2))) : 0)}
}

function cut({h, w, v}) { // To the rectangle that is not empty
  let [top, left, bottom, right] = [h, w, -1, -1]
  for (let r = 0, i = 0; r < h; r++) for (let c = 0; c < w; c++, i++) {
    if (!v[i]) continue
    if (top > r) top = r
    bottom = r
    if (left > c) left = c
    if (right < c) right = c
  }
  return padded({h, w, v}, [-top, -left], bottom - top + 1, right - left + 1)
}

function padded(im, [top, left], h, w) {
  const out = image(h, w)
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    const r = y - top, c = x - left
    if (r >= 0 && r < im.h && c >= 0 && c < im.w) out.v[y*w + x] = im.v[r*im.w + c]
  }
  return out
}

function depths(im) { // Of each pixel with ink, how far the paper is: exact, by parabolas (Felzenszwalb and Huttenlocher)
  const far = 1e12, d = {h: im.h, w: im.w, v: im.v.map(x => x ? far : 0)}
  const parabolas = f => {
    const n = f.length, at = new Int32Array(n), z = new Float64Array(n + 1), out = new Float64Array(n)
    let k = 0
    z[0] = -Infinity; z[1] = Infinity
    for (let q = 1; q < n; q++) {
      const own = f[q] + q*q
      let p = at[k], s = (own - f[p] - p*p)/(2*q - 2*p)
      while (s <= z[k]) { p = at[--k]; s = (own - f[p] - p*p)/(2*q - 2*p) }
      at[++k] = q; z[k] = s; z[k + 1] = Infinity
    }
    for (let q = 0, j = 0; q < n; q++) { while (z[j + 1] < q) j++; const d = q - at[j]; out[q] = d*d + f[at[j]] }
    return out
  }
  for (const vertical of [true, false]) eachLine(d, vertical, parabolas)
  return d.v.map(Math.sqrt)
}

function thicken(digit) { // To about a tenth of the height of the digit
  const inside = depths(padded(digit, [1, 1], digit.h + 2, digit.w + 2)).filter(x => x > 0)
  const missing = even(Math.max(digit.h, digit.w)/10 - 2*percentile(inside, 0.9))
  if (missing < 1) return digit
  const from = padded(digit, [missing, missing], digit.h + 2*missing, digit.w + 2*missing), out = image(from.h, from.w), spots = []
  for (let i = 0; i <= missing; i++) for (let j = 0; j <= missing; j++)
    if ((i - missing/2)**2 + (j - missing/2)**2 <= (missing/2)**2 + 0.5) spots.push((i - (missing >> 1))*from.w + j - (missing >> 1))
  from.v.forEach((x, i) => { if (x) for (const s of spots) out.v[i - s] = Math.max(out.v[i - s], x) })
  return out
}

const box = {support: 0.5, f: x => x > -0.5 && x <= 0.5 ? 1 : 0}
const cubic = {support: 2, f: x => { x = Math.abs(x); return x < 1 ? (1.5*x - 2.5)*x*x + 1 : x < 2 ? ((-0.5*x + 2.5)*x - 4)*x + 2 : 0 }}

function resized(im, w, h, filter) { // As Pillow does it
  const line = (n, size) => values => {
    const scale = n/size, wide = Math.max(scale, 1), out = new Float64Array(size)
    for (let o = 0; o < size; o++) {
      const center = (o + 0.5)*scale, first = Math.max(0, Math.trunc(center - filter.support*wide + 0.5))
      const last = Math.min(n, Math.trunc(center + filter.support*wide + 0.5))
      let sum = 0, all = 0
      for (let i = first; i < last; i++) { const k = filter.f((i - center + 0.5)/wide); all += k; sum += k*values[i] }
      out[o] = Math.fround(sum/all)
    }
    return out
  }
  const rows = image(im.h, w), out = image(h, w), across = line(im.w, w), down = line(im.h, h), column = new Float64Array(im.h)
  for (let y = 0; y < im.h; y++) rows.v.set(across(im.v.subarray(y*im.w, (y + 1)*im.w)), y*w)
  for (let x = 0; x < w; x++) {
    for (let y = 0; y < im.h; y++) column[y] = rows.v[y*w + x]
    down(column).forEach((v, y) => { out.v[y*w + x] = v })
  }
  return out
}

// The digit as MNIST has it: at most 20 pixels wide and high, its center of mass in the middle of the frame.
function center(strokes) {
  const digit = thicken(cut(strokes)), scale = 20/Math.max(digit.h, digit.w), size = s => Math.max(1, even(s*scale))
  const small = resized(digit, size(digit.w), size(digit.h), scale < 1 ? box : cubic), top = most(small.v)
  small.v.forEach((x, i, v) => { v[i] = Math.min(255, Math.max(0, Math.fround(Math.fround(x*255)/top))) })
  let all = 0, down = 0, right = 0
  small.v.forEach((x, i) => { all += x; down += x*(SIDE + Math.floor(i/small.w)); right += x*(SIDE + i % small.w) })
  const [y, x] = [[down, small.h], [right, small.w]].map(([sum, s]) => Math.min(SIDE, Math.max(s, even(even(sum/all*1e4)/1e4) - SIDE/2)))
  return Uint8Array.from(padded(small, [SIDE - y, SIDE - x], SIDE, SIDE).v, even)
}

// Strokes as lines of points (x, y from 0 to 1) drawn with a round pen, into an image of values from 0 to 255.
function drawLine(im, [x0, y0], [x1, y1], width) {
  const n = im.h, [ax, ay, bx, by] = [x0*n, y0*n, x1*n, y1*n], r = width*n/2, dx = bx - ax, dy = by - ay, length = dx*dx + dy*dy
  const range = (a, b) => [Math.max(0, Math.floor(Math.min(a, b) - r - 1)), Math.min(n - 1, Math.ceil(Math.max(a, b) + r + 1))]
  const [top, bottom] = range(ay, by), [left, right] = range(ax, bx)
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) {
    const px = x + 0.5 - ax, py = y + 0.5 - ay, t = length ? Math.min(1, Math.max(0, (px*dx + py*dy)/length)) : 0
    const far = Math.hypot(px - t*dx, py - t*dy), v = 255*Math.min(1, Math.max(0, 0.5 + r - far))
    if (v > im.v[y*n + x]) im.v[y*n + x] = v
  }
}

function drawLines(lines, width, side) {
  const im = image(side, side)
  for (const line of lines) line.forEach((p, i) => drawLine(im, line[Math.max(0, i - 1)], p, width))
  return im
}

// Turned by an angle in degrees, moved by pixels, with noise: what a learner does to the 28 x 28 pixels.
function changed(pixels, {angle = 0, right = 0, down = 0, noise = 0}, seed = 1) {
  let out = Float64Array.from(pixels)
  if (angle || right || down) {
    const a = angle*Math.PI/180, cos = Math.cos(a), sin = Math.sin(a), m = (SIDE - 1)/2
    for (let y = 0, i = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++, i++) {
      const dx = x - m - right, dy = y - m - down, u = m + cos*dx + sin*dy, v = m - sin*dx + cos*dy, c = Math.floor(u), r = Math.floor(v)
      const at = (p, q) => p >= 0 && p < SIDE && q >= 0 && q < SIDE ? pixels[q*SIDE + p] : 0
      const mix = (p, q, t) => p + (q - p)*t
      out[i] = mix(mix(at(c, r), at(c + 1, r), u - c), mix(at(c, r + 1), at(c + 1, r + 1), u - c), v - r)
    }
  }
  if (noise) out = out.map(x => { seed = (seed*1664525 + 1013904223) >>> 0; return x + (seed/2**32 - 0.5)*2*noise*255 })
  return Uint8Array.from(out, x => Math.min(255, Math.max(0, Math.round(x))))
}
