// buffers.js N - N buffers outside of the heap of V8, a thousand of them live.
const live = new Array(1000);
let sum = 0;
const n = Number(process.argv[2]);
for (let i = 0; i < n; i++) {
	live[i % live.length] = Buffer.allocUnsafeSlow(64 + (i % 192));
	sum += live[i % live.length].length;
}
console.log(sum);
