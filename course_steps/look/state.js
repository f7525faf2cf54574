// What a learner has done, in the address: a link holds an experiment.

const DIALS = { // Name in the address: [smallest, largest, step, usual, label, how the value is written]
  bits: [2, 9, 1, 9, 'Bits per weight', v => v > 8 ? '32, as trained' : `${v} bits`],
  noise: [0, 1, 0.05, 0, 'Noise', v => v ? `± ${Math.round(100*v)} %` : 'none'],
  angle: [-180, 180, 5, 0, 'Turn', v => `${v}°`],
  right: [-10, 10, 1, 0, 'Move right', v => plural(v, 'pixel')],
  down: [-10, 10, 1, 0, 'Move down', v => plural(v, 'pixel')],
}

const words = lines => lines.map(line => line.map(p => p.map(v => Math.round(v*255).toString(16).padStart(2, '0')).join('')).join('')).join('_')
const lines = text => text.split('_').map(line => (line.match(/[0-9a-f]{4}/g) ?? []).map(p => [parseInt(p.slice(0, 2), 16)/255, parseInt(p.slice(2), 16)/255])).filter(l => l.length)

// State as the part of an address after '#'; what is as usual is left out.
function toHash(state) {
  const q = new URLSearchParams()
  for (const [name, value] of Object.entries(state)) {
    if (value === null || value === undefined || value === '' || DIALS[name] && value === DIALS[name][3]) continue
    q.set(name, name === 'draw' ? words(value) : String(value))
  }
  return q.toString()
}

// State from an address that anyone may have written: what is not a number in its range is left out.
function fromHash(hash, networks) {
  const q = new URLSearchParams(hash.replace(/^#/, '')), state = {}
  const whole = (name, most) => { const v = q.get(name); if (/^\d+$/.test(v ?? '') && Number(v) < most) state[name] = Number(v) }
  whole('net', networks); whole('beside', networks); whole('sample', 1e6); whole('drawing', 1e4)
  for (const [name, [low, high]] of Object.entries(DIALS)) {
    const v = q.get(name) === null ? NaN : Number(q.get(name))
    if (v >= low && v <= high) state[name] = v
  }
  for (const name of ['mute', 'mute2']) if (/^\d+\.\d+(,\d+\.\d+)*$/.test(q.get(name) ?? '')) state[name] = q.get(name)
  if (q.get('draw')) state.draw = lines(q.get('draw').slice(0, 20000))
  if (Number(q.get('pen')) > 0 && Number(q.get('pen')) <= 0.3) state.pen = Number(q.get('pen'))
  return state
}
