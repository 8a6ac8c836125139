"""Train a spiking keyword spotter and charge its energy. Usage: python examples/train_digits.py [FOLDER_OF_WORDS]"""

import sys

from circuits import load_chip, si
from snn import Spotter, evaluate, fit, load_examples, load_recipe, open_corpus, prepare

recipe = load_recipe("demo", ["epochs=15"])
corpus = open_corpus(sys.argv[1] if len(sys.argv) > 1 else prepare("embedded"))
mel = recipe.features.at(corpus.sample_rate)
train, validation, test = (load_examples(corpus.split(part), mel) for part in ("train", "validation", "test"))
model = Spotter(recipe, mel, corpus.labels)
fit(model, train, validation, recipe)
result = evaluate(model, test)
trained = model.chip()  # the network, and the circuit that it was trained for
chip, network = load_chip("btbt-45rfsoi", trained), trained.network
report = chip.price(network, result.activity, chip.place(network, result.activity))
print(f"{model.n_parameters} parameters, test accuracy {result.accuracy:.3f}")
print(f"{result.activity.spikes_per_inference:.0f} spikes, {si(report.ledger.total, 'J')} per inference")
