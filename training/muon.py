"""Muon: momentum, orthogonalised by Newton-Schulz, for hidden matrices (Jordan et al., 2024); same shapes go together."""

import torch


def orthogonal(g: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """The nearest semi-orthogonal matrices to a stack (n, rows, columns), roughly."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return (x.mT if tall else x).float()


def resume(optimiser: torch.optim.Optimizer, state: dict) -> None:
    """Loads moments, not the groups: rates are this run's own."""
    optimiser.load_state_dict(state | {"param_groups": optimiser.state_dict()["param_groups"]})


def others(net: torch.nn.Module, chosen: list[torch.nn.Parameter]) -> list[torch.nn.Parameter]:
    """A network's parameters that are none of these."""
    known = {id(p) for p in chosen}
    return [p for p in net.parameters() if id(p) not in known]


class Muon(torch.optim.Optimizer):
    """rate is the root-mean-square size of a step relative to 0.2 * rate, as in Moonlight, so AdamW's rates fit."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(list(params), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for g in self.param_groups:
            shapes: dict[tuple, list] = {}
            for p in g["params"]:
                if p.grad is not None:
                    shapes.setdefault(tuple(p.shape), []).append(p)
            for params in shapes.values():
                grads = [p.grad for p in params]
                moments = []
                for p in params:
                    if "momentum" not in self.state[p]:
                        self.state[p]["momentum"] = torch.zeros_like(p)
                    moments.append(self.state[p]["momentum"])
                torch._foreach_lerp_(moments, grads, 1 - g["momentum"])
                update = torch._foreach_lerp(grads, moments, g["momentum"])
                rows, columns = len(params[0]), params[0][0].numel()           # a convolution's kernel is flattened
                scale = 0.2 * max(rows, columns) ** 0.5 * g["lr"]
                steps = list(orthogonal(torch.stack(update).flatten(2)).view(len(params), *params[0].shape).unbind())
                if g["weight_decay"]:
                    torch._foreach_mul_(params, 1 - g["lr"] * g["weight_decay"])
                torch._foreach_add_(params, steps, alpha=-scale)
