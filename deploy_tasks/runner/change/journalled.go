package change

// journalled is whether changes are journalled. Only a benchmark builds a runner without, to measure what a journal costs.
const journalled = true
