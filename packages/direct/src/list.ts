/**
 * A place in a {@link List}.
 */
export interface Node<T> {
  readonly value: T

  /**
   * The list that it is in; undefined once it was taken out.
   */
  list?: List<T>
  previous?: Node<T>
  next?: Node<T>
}

/**
 * A doubly linked list: anything can leave from the middle, at once and without a trace.
 */
export class List<T> {
  #first?: Node<T>
  #last?: Node<T>
  #size = 0

  get size (): number {
    return this.#size
  }

  get first (): T | undefined {
    return this.#first?.value
  }

  push (value: T): Node<T> {
    return this.add({ value })
  }

  /**
   * Appends a node that is in no list.
   */
  add (node: Node<T>): Node<T> {
    node.list = this
    node.previous = this.#last
    node.next = undefined

    if (this.#last == null) {
      this.#first = node
    } else {
      this.#last.next = node
    }

    this.#last = node
    this.#size++

    return node
  }

  /**
   * Takes the first node out.
   */
  shift (): Node<T> | undefined {
    const node = this.#first

    if (node != null) {
      this.remove(node)
    }

    return node
  }

  /**
   * Takes a node of this list out.
   */
  remove (node: Node<T>): void {
    if (node.previous == null) {
      this.#first = node.next
    } else {
      node.previous.next = node.next
    }

    if (node.next == null) {
      this.#last = node.previous
    } else {
      node.next.previous = node.previous
    }

    node.list = node.previous = node.next = undefined
    this.#size--
  }

  /**
   * Takes all nodes out of another list and puts them, in their order, before the own ones.
   */
  prepend (other: List<T>): void {
    for (let node = other.#last; node != null; node = other.#last) {
      other.remove(node)
      node.list = this
      node.next = this.#first

      if (this.#first == null) {
        this.#last = node
      } else {
        this.#first.previous = node
      }

      this.#first = node
      this.#size++
    }
  }

  * [Symbol.iterator] (): Generator<T> {
    for (let node = this.#first; node != null; node = node.next) {
      yield node.value
    }
  }
}
