// How many of the built-in images a network gets right, a few at a time so that the page stays awake.

// The 95 % interval of a share (Wilson), in percent.
function interval(right, n) {
  const z = 1.96, p = right/n, mid = p + z*z/(2*n), half = z*Math.sqrt(p*(1 - p)/n + z*z/(4*n*n))
  return [mid - half, mid + half].map(v => 100*v/(1 + z*z/n))
}

const pause = () => new Promise(done => { const {port1, port2} = new MessageChannel(); port1.onmessage = done; port2.postMessage(0) })

class Measure {
  constructor(data) { this.net = new Network(data); this.run = 0 }

  // Count the right answers on images, or on functions that give one; gives null where another count began meanwhile. `told` hears how far it is.
  async count(images, labels, {muted, bits, change}, told = () => {}) {
    const mine = ++this.run, {net} = this
    net.muted = new Set(muted)
    if (net.bits !== bits) net.setBits(bits)
    let right = 0, until = performance.now() + 12
    for (let i = 0; i < images.length; i++) {
      const image = typeof images[i] === 'function' ? images[i]() : images[i], logits = net.run(changed(image, change, i + 1)).at(-1)
      right += logits.indexOf(Math.max(...logits)) === labels[i]
      if (performance.now() < until) continue
      told(right, i + 1)
      await pause()
      if (mine !== this.run) return null
      until = performance.now() + 12
    }
    return {right, n: images.length}
  }
}

async function unpacked(text) { // What zlib has packed
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
