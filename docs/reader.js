// On the home page: a pad, ten bars and one sentence. What a stroke changes is shown before the next frame.

const net = new Network(told), frame = byId('pad-box'), says = byId('reader-says')
let waiting = false

frame.replaceChildren()
const pad = new Pad(frame, later)
const bars = told.classes.map(name => {
  const fill = el('i')
  return {fill, node: el('div', {className: 'bar'}, el('span', {textContent: name}), el('div', {className: 'rail'}, fill))}
})
const clear = el('button', {type: 'button', textContent: 'Clear'}), tools = el('div', {className: 'tools'}, clear)
clear.addEventListener('click', () => { pad.clear(); later() })
says.after(el('div', {className: 'bars', ariaHidden: 'true'}, ...bars.map(b => b.node)), tools,
  el('p', {id: 'pad-help', className: 'unseen', textContent: 'Draw with a finger, a pen or the mouse. On the keyboard, the arrows move the pen, Space puts it down or lifts it, Backspace takes a stroke back.'}),
  el('p', {id: 'live', className: 'unseen', role: 'status'}))

function later() {
  if (waiting) return
  waiting = true
  requestAnimationFrame(() => { waiting = false; read() })
}

function seen() { // The 28 x 28 pixels of the drawing; null where there is none
  try { return pad.lines.length ? center(cleanStrokes(pad.ink)) : null } catch { return null }
}

function sentence(probs) {
  if (!probs) return `${net.params.toLocaleString('en')} parameters are waiting for a digit.`
  const best = probs.indexOf(Math.max(...probs)), far = Math.max(...net.outs.at(-1)) < (told.floor ?? -Infinity)
  if (probs[best] < told.sure || far) return `Not sure yet, perhaps a ${told.classes[best]}.`
  return `It reads a ${told.classes[best]}, ${probs[best] > 0.999 ? 'more than 99.9' : (100*probs[best]).toFixed(1)} % sure.`
}

function read() {
  const pixels = seen(), probs = pixels && net.predict(pixels), text = sentence(probs)
  bars.forEach((b, i) => {
    b.fill.style.transform = `scaleX(${probs ? probs[i] : 0})`
    b.node.classList.toggle('best', Boolean(probs) && probs[i] === Math.max(...probs))
  })
  if (says.textContent !== text) says.textContent = text
}

pad.set(example.lines, example.width, true)
read()
