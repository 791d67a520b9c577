// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card's slot that the firmware describes as a device at a UART: device tree or ACPI,
 * Documentation/devicetree/bindings/uicc/dmsc,iso7816-uart.yaml.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/pm.h>
#include <linux/property.h>
#include <linux/serdev.h>
#include "compat.h"
#include "transport/serial.h"

static unsigned int serial_dev_configure(struct serial_line *line, unsigned int baud,
					 enum serial_parity parity)
{
	struct serdev_device *serdev = line->priv;

	if (serdev_device_set_parity(serdev, parity == SERIAL_ODD ? SERDEV_PARITY_ODD :
				     SERDEV_PARITY_EVEN))
		return 0;
	return serdev_device_set_baudrate(serdev, baud);
}

static int serial_dev_write(struct serial_line *line, const u8 *buf, size_t len)
{
	return serdev_device_write_buf(line->priv, buf, len);
}

static void serial_dev_flush(struct serial_line *line)
{
	serdev_device_write_flush(line->priv);
}

static int serial_dev_signals(struct serial_line *line, unsigned int set, unsigned int clear)
{
	return serdev_device_set_tiocm(line->priv, set, clear);
}

static const struct serial_port_ops serial_dev_port_ops = {
	.configure = serial_dev_configure,
	.write = serial_dev_write,
	.flush = serial_dev_flush,
	.signals = serial_dev_signals,
};

static uicc_serdev_count serial_dev_receive(struct serdev_device *serdev, const u8 *buf,
					    size_t count)
{
	struct serial_reader *reader = serdev_device_get_drvdata(serdev);

	return serial_line_receive(&reader->line, buf, NULL, count);
}

static void serial_dev_wakeup(struct serdev_device *serdev)
{
	struct serial_reader *reader = serdev_device_get_drvdata(serdev);

	serial_line_wakeup(&reader->line);
}

static const struct serdev_device_ops serial_dev_client_ops = {
	.receive_buf = serial_dev_receive,
	.write_wakeup = serial_dev_wakeup,
};

/* What the firmware says goes before the module parameters. */
static int serial_dev_configure_reader(struct serial_reader *reader)
{
	struct serial_config *config = &reader->config;
	struct device *dev = reader->dev;
	const char *word;
	int ret;

	device_property_read_u32(dev, "clock-frequency", &config->clock_hz);
	device_property_read_u32(dev, "max-speed", &config->max_baud);
	device_property_read_u32(dev, "dmsc,slack-ms", &config->slack_ms);
	device_property_read_u32(dev, "dmsc,poll-ms", &config->poll_ms);
	if (!device_property_read_string(dev, "dmsc,echo", &word)) {
		ret = serial_echo_parse(word);
		if (ret < 0)
			return dev_err_probe(dev, ret, "dmsc,echo = \"%s\"\n", word);
		config->echo = ret;
	}
	if (!device_property_read_string(dev, "dmsc,reset", &word)) {
		ret = serial_reset_parse(word);
		if (ret < 0)
			return dev_err_probe(dev, ret, "dmsc,reset = \"%s\"\n", word);
		config->reset = ret;
	}
	return serial_power_get(reader);
}

static int serial_dev_probe(struct serdev_device *serdev)
{
	struct device *dev = &serdev->dev;
	struct serial_reader *reader;
	int ret;

	reader = serial_reader_new(dev, dev_name(dev), &serial_dev_port_ops, serdev);
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	reader->line.one_stop = true;
	ret = serial_dev_configure_reader(reader);
	if (ret)
		goto err_free;
	serdev_device_set_drvdata(serdev, reader);
	serdev_device_set_client_ops(serdev, &serial_dev_client_ops);
	ret = serdev_device_open(serdev);
	if (ret) {
		dev_err_probe(dev, ret, "cannot open the UART\n");
		goto err_free;
	}
	serdev_device_set_flow_control(serdev, false);
	ret = serial_reader_start(reader);
	if (ret) {
		dev_err_probe(dev, ret, "cannot make a reader of it\n");
		goto err_close;
	}
	return 0;

err_close:
	serdev_device_close(serdev);
err_free:
	serial_reader_free(reader);
	return ret;
}

static void serial_dev_remove(struct serdev_device *serdev)
{
	struct serial_reader *reader = serdev_device_get_drvdata(serdev);

	serial_reader_stop(reader);
	serdev_device_close(serdev);
	serial_reader_free(reader);
}

static int serial_dev_suspend(struct device *dev)
{
	serial_power_suspend(dev_get_drvdata(dev));
	return 0;
}

static int serial_dev_resume(struct device *dev)
{
	serial_power_resume(dev_get_drvdata(dev));
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(serial_dev_pm, serial_dev_suspend, serial_dev_resume);

/* ACPI matches this too, by a device with _HID PRP0001. */
static const struct of_device_id serial_dev_of_match[] = {
	{ .compatible = "dmsc,iso7816-uart" },
	{ }
};
MODULE_DEVICE_TABLE(of, serial_dev_of_match);

static struct serdev_device_driver serial_dev_driver = {
	.driver = {
		.name = "uicc_serial",
		.of_match_table = serial_dev_of_match,
		.pm = pm_sleep_ptr(&serial_dev_pm),
	},
	.probe = serial_dev_probe,
	.remove = serial_dev_remove,
};

/**
 * serial_dev_init() - offer the driver
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int serial_dev_init(void)
{
	return serdev_device_driver_register(&serial_dev_driver);
}

/**
 * serial_dev_exit() - offer it no longer, and leave all devices
 *
 * Context: may sleep.
 */
void serial_dev_exit(void)
{
	serdev_device_driver_unregister(&serial_dev_driver);
}
