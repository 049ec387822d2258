
test('a part of an order can be refunded', async () => {
  const gateway = { refund: async (request) => request };
  assert.equal((await refund(gateway, order, 500)).amount, 500);
});

test('no more is refunded than was paid', async () => {
  await assert.rejects(refund({}, order, 1_201), RangeError);
});
