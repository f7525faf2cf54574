"use strict"
{
// The quiz of a lesson as cards: choose, check, the reason, a score. Without this script, each choice opens and says whether it is right.

const KEY = 'course_steps.quiz'
const [, page, lesson] = location.pathname.match(/(lessons\/0*(\d+)_\w+\.html)$/) ?? []
const read = () => { try { return JSON.parse(localStorage.getItem(KEY)) ?? {} } catch { return {} } }
const write = (key, value) => { try { localStorage.setItem(key, JSON.stringify(value)) } catch { /* A browser that keeps nothing */ } }

function node(tag, props = {}, ...children) {
  const made = Object.assign(document.createElement(tag), props)
  made.append(...children)
  return made
}

// A question as a notebook shows it: a paragraph, and a <details> for each choice.
function questionsOf(first) {
  const found = []
  for (let at = first; at; at = at.nextElementSibling) {
    if (at.matches('p')) found.push({title: at, choices: []})
    else if (at.matches('details.quiz')) found.at(-1)?.choices.push(at)
  }
  return found.filter(q => q.choices.length)
}

class Card {
  constructor({title, choices}, i, quiz) {
    Object.assign(this, {i, quiz})
    const legend = node('legend')
    legend.append(...title.querySelector('strong').cloneNode(true).childNodes)
    this.choices = choices.map((c, k) => this.choice(c, k))
    this.check = node('button', {type: 'button', textContent: 'Check', disabled: true})
    this.check.addEventListener('click', () => { this.answer(); this.quiz.keep(this) })
    this.reason = node('div', {className: 'reason'})
    this.reason.setAttribute('role', 'status')
    this.node = node('fieldset', {className: 'question'}, legend, ...this.choices.map(c => c.node), this.check, this.reason)
  }

  choice(details, k) {
    const input = node('input', {type: 'radio', name: `question-${this.i}`}), text = node('span')
    text.append(...details.querySelector('summary').cloneNode(true).childNodes)
    const reason = details.cloneNode(true)
    reason.querySelector('summary').remove()
    input.addEventListener('change', () => { this.check.disabled = false; this.forget() })
    return {input, right: Boolean(details.querySelector('.right')), reason, node: node('label', {}, input, text)}
  }

  forget() {
    this.reason.replaceChildren()
    this.node.classList.remove('right', 'wrong')
  }

  get chosen() { return this.choices.findIndex(c => c.input.checked) }

  answer() {
    const choice = this.choices[this.chosen]
    if (!choice) return
    this.forget()
    this.node.classList.add(choice.right ? 'right' : 'wrong')
    this.reason.append(...choice.reason.cloneNode(true).childNodes)
    if (!choice.right) this.reason.append(' Choose again, if you like.')
  }

  reset() {
    for (const c of this.choices) c.input.checked = false
    this.check.disabled = true
    this.forget()
  }
}

class Quiz { // What is kept: for each question the choice that was checked last, and which questions were answered right
  constructor(box) {
    this.cards = questionsOf(box.querySelector('details.quiz').parentElement.firstElementChild).map((q, i) => new Card(q, i, this))
    this.score = node('p', {className: 'score'})
    this.score.setAttribute('role', 'status')
    const again = node('button', {type: 'button', textContent: 'Try again'})
    again.addEventListener('click', () => this.again())
    this.node = node('form', {className: 'quiz-cards'}, ...this.cards.map(c => c.node), node('div', {className: 'sum'}, this.score, again))
    this.node.addEventListener('submit', e => e.preventDefault())
    this.load()
  }

  load() {
    const {chosen = {}} = read()[lesson] ?? {}
    for (const card of this.cards) {
      const choice = card.choices[chosen[card.i]]
      if (!choice) continue
      choice.input.checked = true
      card.check.disabled = false
      card.answer()
    }
    this.tell()
  }

  get rights() { return this.cards.filter(c => c.node.classList.contains('right')).length }

  tell() {
    const n = this.cards.length, all = this.rights === n
    this.score.textContent = `${this.rights} of ${n} right${all ? '. Well done.' : ''}`
  }

  keep(card) {
    const all = read(), mine = all[lesson] ?? {chosen: {}, right: {}}
    mine.chosen[card.i] = card.chosen
    if (card.choices[card.chosen].right) mine.right[card.i] = true
    write(KEY, {...all, [lesson]: mine})
    this.tell()
  }

  again() { // The score begins again; what was once right still counts for the ring
    const all = read()
    if (all[lesson]) write(KEY, {...all, [lesson]: {...all[lesson], chosen: {}}})
    for (const card of this.cards) card.reset()
    this.tell()
    this.cards[0].choices[0].input.focus()
  }
}

if (lesson !== undefined) {
  write('course_steps.last', {lesson, page})
  const first = document.querySelector('details.quiz'), box = first?.closest('.cell_output')
  if (box) {
    const quiz = new Quiz(box), hint = box.closest('section').querySelector(':scope > p')
    if (hint?.textContent.startsWith('Open a choice')) hint.textContent = 'Choose, then check: the reason follows. What you answered is kept in this browser.'
    box.replaceChildren(quiz.node)
  }
}
}
