"""PyTorch's training step in the protocol of worker.ts: python pytorch-worker.py NETWORK SIZE BATCH CLASSES PRECISION
NETWORK is timm's name; PRECISION is float32 or bfloat16 (autocast)."""
import json, resource, sys, time
started = time.perf_counter()
import numpy as np
import timm
import torch

name, size, batch, classes, precision = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
torch.manual_seed(1)
model = timm.create_model(name, pretrained=False, num_classes=classes)
if name == 'resnet50':
    # Keras's network, and ours, has the stride of a stage in its first convolution, which is less arithmetic.
    for stage in (model.layer2, model.layer3, model.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = stage[0].conv2.stride, stage[0].conv1.stride
model = model.to(memory_format=torch.channels_last).train()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
loss_of = torch.nn.CrossEntropyLoss()
values = np.sin(np.arange(batch * size * size * 3) * 12.9898).astype(np.float32).reshape(batch, size, size, 3)
images = torch.from_numpy(values).permute(0, 3, 1, 2)
labels = torch.arange(batch) % classes


def step():
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=precision == 'bfloat16'):
        loss = loss_of(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def report(**fields):
    print(json.dumps(fields), flush=True)


step()
report(firstStepSeconds=time.perf_counter() - started)
step()
for line in sys.stdin:
    steps = int(line)
    start, used = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    report(seconds=(time.perf_counter() - start) / steps, processorSeconds=(time.process_time() - used) / steps,
           peakBytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
