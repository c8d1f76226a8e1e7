"""Training steps of one network in PyTorch, channels_last with automatic mixed precision: a line of JSON for each variant.
Argument: {network, size, seconds, variants: [{batch, compile}]} as JSON."""
import json, sys, time
import torch

work = json.loads(sys.argv[1])
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
torch.backends.cudnn.benchmark = True
CLASSES = 100


def build():
    import timm
    return timm.create_model(work['network'], pretrained=False, num_classes=CLASSES)


def wait():
    if device.type == 'cuda':
        torch.cuda.synchronize()


def measure(batch, compiled):
    torch.manual_seed(1)
    model = build().to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss_of = torch.nn.CrossEntropyLoss()
    images = torch.randn(batch, 3, work['size'], work['size'], device=device).to(memory_format=torch.channels_last)
    labels = torch.arange(batch, device=device) % CLASSES

    def forward(images, labels):
        with torch.autocast(device.type, dtype=torch.bfloat16):
            return loss_of(model(images), labels)
    run = torch.compile(forward) if compiled else forward

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = run(images, labels)
        loss.backward()
        optimizer.step()
        return loss
    started = time.perf_counter()
    step(); wait()
    first = time.perf_counter() - started
    for _ in range(3):
        step()
    wait()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < work['seconds'] or len(times) < 3:
        began = time.perf_counter()
        step().item()
        wait()
        times.append(time.perf_counter() - began)
    times.sort()
    memory = torch.cuda.max_memory_allocated() // 2**20 if device.type == 'cuda' else None
    print(json.dumps(dict(runner='pytorch', network=work['network'], batch=batch, precision='bfloat16', feed='resident',
                          compiled=compiled, picturesPerSecond=round(batch / times[len(times) // 2], 1),
                          firstStepSeconds=round(first, 1), deviceMiB=memory)), flush=True)


for variant in work['variants']:
    try:
        measure(variant['batch'], variant['compile'])
    except Exception as error:
        print(json.dumps(dict(runner='pytorch', network=work['network'], **variant, failed=str(error)[:300])), flush=True)
