// A small library at level linalg, compiled by the tests of codegen/object and of the tools.
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>
#none = affine_map<(d0, d1) -> ()>

// y = relu(x w + b)
func.func @forward(%x: tensor<64x96xf32> {nn.name = "x", nn.kind = "input"},
                   %w: tensor<96x32xf32> {nn.name = "fc.weight", nn.kind = "parameter"},
                   %b: tensor<32xf32> {nn.name = "fc.bias", nn.kind = "parameter"})
    -> (tensor<64x32xf32> {nn.name = "y"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %d = linalg.matmul ins(%x, %w : tensor<64x96xf32>, tensor<96x32xf32>) outs(%f : tensor<64x32xf32>) -> tensor<64x32xf32> loc("linear 'fc'")
  %y = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%d, %b : tensor<64x32xf32>, tensor<32xf32>) outs(%e : tensor<64x32xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  } -> tensor<64x32xf32> loc("relu 'act'")
  return %y : tensor<64x32xf32>
}

// w -= lr * transpose(x) (x w + b - target), the same for b; loss = sum of squares
func.func @train_step(%x: tensor<64x96xf32> {nn.name = "x", nn.kind = "input"},
                      %t: tensor<64x32xf32> {nn.name = "target", nn.kind = "input"},
                      %lr: tensor<f32> {nn.name = "lr", nn.kind = "scalar"},
                      %w: tensor<96x32xf32> {nn.name = "fc.weight", nn.kind = "parameter"},
                      %b: tensor<32xf32> {nn.name = "fc.bias", nn.kind = "parameter"},
                      %step: tensor<i64> {nn.name = "step", nn.kind = "step"})
    -> (tensor<f32> {nn.name = "loss"}, tensor<96x32xf32> {nn.name = "fc.weight", nn.updates = 3 : i64},
        tensor<32xf32> {nn.name = "fc.bias", nn.updates = 4 : i64}, tensor<i64> {nn.name = "step", nn.updates = 5 : i64}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %d = linalg.matmul ins(%x, %w : tensor<64x96xf32>, tensor<96x32xf32>) outs(%f : tensor<64x32xf32>) -> tensor<64x32xf32> loc("linear 'fc'")
  %g = linalg.generic {indexing_maps = [#id, #col, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%d, %b, %t : tensor<64x32xf32>, tensor<32xf32>, tensor<64x32xf32>) outs(%e : tensor<64x32xf32>) {
  ^bb0(%p: f32, %q: f32, %r: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    %u = arith.subf %s, %r : f32
    linalg.yield %u : f32
  } -> tensor<64x32xf32> loc("mse_loss 'loss'")
  %l0 = tensor.empty() : tensor<f32>
  %l1 = linalg.fill ins(%zero : f32) outs(%l0 : tensor<f32>) -> tensor<f32>
  %loss = linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction", "reduction"]}
      ins(%g : tensor<64x32xf32>) outs(%l1 : tensor<f32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.mulf %p, %p : f32
    %u = arith.addf %o, %s : f32
    linalg.yield %u : f32
  } -> tensor<f32> loc("mse_loss 'loss'")
  %gw0 = tensor.empty() : tensor<96x32xf32>
  %gw1 = linalg.fill ins(%zero : f32) outs(%gw0 : tensor<96x32xf32>) -> tensor<96x32xf32>
  %gw = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                        iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %g : tensor<64x96xf32>, tensor<64x32xf32>) outs(%gw1 : tensor<96x32xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.mulf %p, %q : f32
    %u = arith.addf %o, %s : f32
    linalg.yield %u : f32
  } -> tensor<96x32xf32> loc("linear 'fc'")
  %w2 = linalg.generic {indexing_maps = [#id, #id, #none, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %gw, %lr : tensor<96x32xf32>, tensor<96x32xf32>, tensor<f32>) outs(%gw0 : tensor<96x32xf32>) {
  ^bb0(%p: f32, %q: f32, %r: f32, %o: f32):
    %s = arith.mulf %q, %r : f32
    %u = arith.subf %p, %s : f32
    linalg.yield %u : f32
  } -> tensor<96x32xf32> loc("sgd 'fc.weight'")
  %gb0 = tensor.empty() : tensor<32xf32>
  %gb1 = linalg.fill ins(%zero : f32) outs(%gb0 : tensor<32xf32>) -> tensor<32xf32>
  %gb = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["reduction", "parallel"]}
      ins(%g : tensor<64x32xf32>) outs(%gb1 : tensor<32xf32>) {
  ^bb0(%p: f32, %o: f32):
    %u = arith.addf %o, %p : f32
    linalg.yield %u : f32
  } -> tensor<32xf32> loc("linear 'fc'")
  %b2 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%b, %gb, %lr : tensor<32xf32>, tensor<32xf32>, tensor<f32>) outs(%gb0 : tensor<32xf32>) {
  ^bb0(%p: f32, %q: f32, %r: f32, %o: f32):
    %s = arith.mulf %q, %r : f32
    %u = arith.subf %p, %s : f32
    linalg.yield %u : f32
  } -> tensor<32xf32> loc("sgd 'fc.bias'")
  %one = arith.constant 1 : i64
  %s0 = tensor.empty() : tensor<i64>
  %step2 = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%step : tensor<i64>) outs(%s0 : tensor<i64>) {
  ^bb0(%p: i64, %o: i64):
    %u = arith.addi %p, %one : i64
    linalg.yield %u : i64
  } -> tensor<i64>
  return %loss, %w2, %b2, %step2 : tensor<f32>, tensor<96x32xf32>, tensor<32xf32>, tensor<i64>
}

// running sums over time, last first: h = h/2 + x[T-1-t], with every h kept
func.func @sums(%x: tensor<5x40xf32> {nn.name = "x"}) -> (tensor<5x40xf32> {nn.name = "all"}, tensor<40xf32> {nn.name = "last"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %h0 = tensor.empty() : tensor<40xf32>
  %h1 = linalg.fill ins(%zero : f32) outs(%h0 : tensor<40xf32>) -> tensor<40xf32>
  %a0 = tensor.empty() : tensor<5x40xf32>
  %r:2 = scf.for %t = %c0 to %c5 step %c1 iter_args(%h = %h1, %all = %a0) -> (tensor<40xf32>, tensor<5x40xf32>) {
    %i = arith.subi %c4, %t : index
    %xt = tensor.extract_slice %x[%i, 0] [1, 40] [1, 1] : tensor<5x40xf32> to tensor<40xf32>
    %next = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
        ins(%h, %xt : tensor<40xf32>, tensor<40xf32>) outs(%h0 : tensor<40xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %s = arith.mulf %p, %half : f32
      %u = arith.addf %s, %q : f32
      linalg.yield %u : f32
    } -> tensor<40xf32> loc("rnn 'sums'")
    %kept = tensor.insert_slice %next into %all[%i, 0] [1, 40] [1, 1] : tensor<40xf32> into tensor<5x40xf32>
    scf.yield %next, %kept : tensor<40xf32>, tensor<5x40xf32>
  }
  return %r#1, %r#0 : tensor<5x40xf32>, tensor<40xf32>
}

// y[i] = table[index[i]], where every index must be in [0, 10)
func.func @pick(%index: tensor<2x3xi64> {nn.name = "index"}, %table: tensor<10xf32> {nn.name = "emb.weight", nn.kind = "parameter"})
    -> (tensor<2x3xf32> {nn.name = "y"}) {
  %most = arith.constant 9223372036854775807 : i64
  %c0 = arith.constant 0 : i64
  %c3 = arith.constant 3 : i64
  %c10 = arith.constant 10 : i64
  %p0 = tensor.empty() : tensor<i64>
  %p1 = linalg.fill ins(%most : i64) outs(%p0 : tensor<i64>) -> tensor<i64>
  %first = linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction", "reduction"]}
      ins(%index : tensor<2x3xi64>) outs(%p1 : tensor<i64>) {
  ^bb0(%v: i64, %o: i64):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %i64 = arith.index_cast %i : index to i64
    %j64 = arith.index_cast %j : index to i64
    %k = arith.muli %i64, %c3 : i64
    %at = arith.addi %k, %j64 : i64
    %bad = arith.cmpi uge, %v, %c10 : i64
    %here = arith.select %bad, %at, %most : i64
    %least = arith.minsi %o, %here : i64
    linalg.yield %least : i64
  } -> tensor<i64>
  sched.check %first, %index bounds(0, 10) "embedding 'emb': input" : tensor<i64>, tensor<2x3xi64>
  %e = tensor.empty() : tensor<2x3xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%index : tensor<2x3xi64>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%v: i64, %o: f32):
    %low = arith.maxsi %v, %c0 : i64
    %c9 = arith.constant 9 : i64
    %in = arith.minsi %low, %c9 : i64
    %i = arith.index_cast %in : i64 to index
    %p = tensor.extract %table[%i] : tensor<10xf32>
    linalg.yield %p : f32
  } -> tensor<2x3xf32> loc("embedding 'emb'")
  return %y : tensor<2x3xf32>
}
