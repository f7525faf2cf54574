"use strict"
{
// The home page: what a step changed, what is answered, and where to go on.

for (const box of document.querySelectorAll('.staircases')) {
  const told = box.querySelector('.told')
  let chosen = null
  const show = stair => {
    chosen?.classList.remove('chosen')
    chosen = stair
    stair.classList.add('chosen')
    if (told.textContent !== stair.dataset.told) told.textContent = stair.dataset.told
  }
  for (const stair of box.querySelectorAll('.stair')) {
    let touched = false
    stair.addEventListener('pointerenter', e => { if (e.pointerType !== 'touch') show(stair) })
    stair.addEventListener('pointerdown', e => { touched = e.pointerType === 'touch' && chosen !== stair })
    stair.addEventListener('focus', () => { if (!touched) show(stair) })
    stair.addEventListener('click', e => { // The first tap tells, the second one opens the lesson
      if (!touched) return
      e.preventDefault()
      touched = false
      show(stair)
      const open = document.createElement('a')
      Object.assign(open, {href: stair.getAttribute('href'), textContent: 'Open the lesson'})
      told.append(' ', open)
    })
  }
}

const kept = name => { try { return JSON.parse(localStorage.getItem(`course_steps.${name}`)) } catch { return null } }
const quizzes = kept('quiz') ?? {}, last = kept('last')

for (const ring of document.querySelectorAll('.ring')) {
  const right = Object.values(quizzes[ring.dataset.lesson]?.right ?? {}).length, all = Number(ring.dataset.questions)
  if (!right || !all) continue
  ring.querySelector('.done').setAttribute('stroke-dasharray', `${Math.min(100, 100*right/all)} 100`)
  ring.classList.add('begun')
  const said = document.createElement('span')
  said.textContent = `quiz ${Math.min(right, all)} of ${all}`
  ring.before(said)
}

const start = document.querySelector('.way.first')
if (start && /^lessons\/\w+\.html$/.test(last?.page)) {
  const on = start.cloneNode()
  Object.assign(on, {textContent: `Continue lesson ${Number(last.lesson)}`})
  on.setAttribute('href', last.page)
  start.classList.remove('first')
  start.before(on)
}
}
