/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's slot on COM2 of QEMU's "pc" machine (scripts/vm --line), as a device that
 * is matched by its compatible string.
 */
DefinitionBlock ("", "SSDT", 2, "DMSC", "CARDLINE", 1)
{
    External (\_SB.PCI0.S08.COM2, DeviceObj)

    Device (\_SB.PCI0.S08.COM2.CARD)
    {
        Name (_HID, "PRP0001")
        Name (_DSD, Package () {
            ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
            Package () {
                Package () { "compatible", "dmsc,iso7816-uart" },
                Package () { "dmsc,reset", "inband" },
                // The card is a program in an emulated machine, which is late at times.
                Package () { "dmsc,slack-ms", 300 }
            }
        })
        Name (_CRS, ResourceTemplate () {
            UartSerialBusV2 (9600, DataBitsEight, StopBitsTwo, 0, LittleEndian, ParityTypeEven,
                FlowControlNone, 16, 16, "\\_SB.PCI0.S08.COM2", 0, ResourceConsumer)
        })
    }
}
